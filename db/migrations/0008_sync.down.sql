drop trigger one_owner on workspace_members;
drop trigger one_owner on workspaces;
drop table client_mutations;
drop function changes_after(xid8, bigint, integer);
do $$
declare item record;
begin
  for item in select tgname, tgrelid::regclass as relation from pg_trigger
      where tgname in ('log_new', 'log_change', 'log_move') and tgrelid in (select oid from pg_class where relnamespace = 'public'::regnamespace) loop
    execute format('drop trigger %I on %s', item.tgname, item.relation);
  end loop;
end $$;
drop table sync_log;
drop function check_owner(), log_member(), log_workspace(), log_mindmap(), log_version(), log_row();
drop type sync_op, sync_entity;
