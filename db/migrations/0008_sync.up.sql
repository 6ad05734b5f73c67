-- The change feed, written in the transaction of the change: see docs/adr/0010-the-change-feed.md.

create type sync_entity as enum
  ('workspace', 'workspace_member', 'document', 'document_version', 'comment', 'attachment', 'context_file', 'mindmap');
create type sync_op as enum ('upsert', 'delete');

create table sync_log (
  seq bigint generated always as identity primary key,
  txid xid8 not null default pg_current_xact_id(),
  entity sync_entity not null,
  entity_id uuid not null,
  workspace_id uuid not null,
  op sync_op not null,
  version bigint,
  audience uuid,
  changed_by uuid,
  device_id text default left(nullif(current_setting('app.device_id', true), ''), 100),
  created_at timestamptz not null default now()
);
comment on table sync_log is 'What changed, for those who keep copies. No foreign keys: it outlives what it tells of.';
comment on column sync_log.txid is
  'The feed goes by (txid, seq), and only below pg_snapshot_xmin(): a transaction that commits late is never skipped.';
comment on column sync_log.entity_id is 'The id of the row; of the user for a workspace_member; of the document for a mindmap.';
comment on column sync_log.op is
  'What happened. Two changes of a row may stand in the order of their transactions, not of the changes: what the row is now, the row tells.';
comment on column sync_log.audience is 'The one user whom it concerns: who gained or lost the workspace. Null: all members.';
create index sync_log_workspace on sync_log (workspace_id, txid, seq) where audience is null;
create index sync_log_audience on sync_log (audience, txid, seq) where audience is not null;
create index sync_log_age on sync_log (created_at);

-- Rows with id, workspace_id, version and deleted_at.
create function log_row() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare
    kind public.sync_entity := tg_argv[0];
    actor uuid := public.app_user_id();
  begin
    if tg_op = 'DELETE' then
      insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by)
        values (kind, old.id, old.workspace_id, 'delete', old.version, actor);
      return null;
    end if;
    -- The collaboration servers act for no single user: they write who edited last.
    if actor is null and kind = 'document' then actor := new.updated_by; end if;
    if tg_op = 'UPDATE' and old.workspace_id <> new.workspace_id then
      insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by)
        values (kind, old.id, old.workspace_id, 'delete', new.version, actor);
    end if;
    insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by)
      values (kind, new.id, new.workspace_id,
        case when new.deleted_at is null then 'upsert'::public.sync_op else 'delete' end, new.version, actor);
    return null;
  end $$;

-- A version is counted where something changed that a reader can see: never for a checkpoint.
do $$
declare item text[];
begin
  foreach item slice 1 in array array[['documents', 'document'], ['comments', 'comment'], ['attachments', 'attachment'],
      ['context_files', 'context_file']] loop
    execute format('create trigger log_new after insert or delete on %I for each row execute function log_row(%L)',
      item[1], item[2]);
    execute format('create trigger log_change after update on %I for each row when (old.version <> new.version)
      execute function log_row(%L)', item[1], item[2]);
  end loop;
end $$;

-- Versions never change; they move with their document.
create function log_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if tg_op <> 'INSERT' then
      insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by)
        values ('document_version', old.id, old.workspace_id, 'delete', old.number, public.app_user_id());
    end if;
    if tg_op <> 'DELETE' then
      insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by) values
        ('document_version', new.id, new.workspace_id, 'upsert', new.number, coalesce(public.app_user_id(), new.created_by));
    end if;
    return null;
  end $$;
create trigger log_new after insert or delete on document_versions for each row execute function log_version();
create trigger log_move after update of workspace_id on document_versions for each row
  when (old.workspace_id <> new.workspace_id) execute function log_version();

create function log_mindmap() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if tg_op = 'DELETE' or (tg_op = 'UPDATE' and old.workspace_id <> new.workspace_id) then
      insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by)
        values ('mindmap', old.document_id, old.workspace_id, 'delete', old.version, public.app_user_id());
    end if;
    if tg_op <> 'DELETE' then
      insert into public.sync_log (entity, entity_id, workspace_id, op, version, changed_by) values
        ('mindmap', new.document_id, new.workspace_id, 'upsert', new.version, coalesce(public.app_user_id(), new.updated_by));
    end if;
    return null;
  end $$;
create trigger log_new after insert or delete on mindmaps for each row execute function log_mindmap();
create trigger log_change after update on mindmaps for each row when (old.version <> new.version)
  execute function log_mindmap();

create function log_workspace() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if tg_op = 'DELETE' then
      insert into public.sync_log (entity, entity_id, workspace_id, op, changed_by)
        values ('workspace', old.id, old.id, 'delete', public.app_user_id());
    else
      insert into public.sync_log (entity, entity_id, workspace_id, op, changed_by) values ('workspace', new.id, new.id,
        case when new.deleted_at is null then 'upsert'::public.sync_op else 'delete' end, public.app_user_id());
    end if;
    return null;
  end $$;
create trigger log_new after insert or delete on workspaces for each row execute function log_workspace();
create trigger log_change after update on workspaces for each row
  when ((old.name, old.deleted_at) is distinct from (new.name, new.deleted_at)) execute function log_workspace();

-- Whoever joins or leaves is told of the workspace itself: to a member who was removed the rest is no longer visible.
create function log_member() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare
    member record := case when tg_op = 'DELETE' then old else new end;
    done public.sync_op := case when tg_op = 'DELETE' then 'delete' else 'upsert' end;
  begin
    insert into public.sync_log (entity, entity_id, workspace_id, op, changed_by)
      values ('workspace_member', member.user_id, member.workspace_id, done, public.app_user_id());
    if tg_op <> 'UPDATE' then
      insert into public.sync_log (entity, entity_id, workspace_id, op, audience, changed_by)
        values ('workspace', member.workspace_id, member.workspace_id, done, member.user_id, public.app_user_id());
    end if;
    return null;
  end $$;
create trigger log_new after insert or delete on workspace_members for each row execute function log_member();
create trigger log_change after update on workspace_members for each row when (old.role <> new.role)
  execute function log_member();

-- The next changes that the acting user may see, in the order of the feed. Each workspace is read from its own index.
create function changes_after(after_txid xid8, after_seq bigint, page integer) returns setof sync_log
  language sql stable set search_path = pg_catalog, public
  as $$
    select c.* from (
      select s.* from unnest(app_workspaces()) as w cross join lateral (
        select l.* from sync_log l
        where l.workspace_id = w and l.audience is null and (l.txid, l.seq) > (after_txid, after_seq)
          and l.txid < pg_snapshot_xmin(pg_current_snapshot())
        order by l.txid, l.seq limit page
      ) s
      union all (
        select l.* from sync_log l
        where l.audience = app_user_id() and (l.txid, l.seq) > (after_txid, after_seq)
          and l.txid < pg_snapshot_xmin(pg_current_snapshot())
        order by l.txid, l.seq limit page
      )
    ) c order by c.txid, c.seq limit page
  $$;

-- --------------------------------------------------------------- mutations

create table client_mutations (
  user_id uuid not null references users on delete cascade,
  device_id text not null check (char_length(device_id) between 1 and 100),
  last_mutation_id bigint not null check (last_mutation_id >= 0),
  updated_at timestamptz not null default now(),
  primary key (user_id, device_id)
);
comment on column client_mutations.last_mutation_id is
  'The highest id that was dealt with, stored in the transaction that applied it: what is sent again is applied once.';
create index client_mutations_age on client_mutations (updated_at);
create trigger touch before update on client_mutations for each row execute function touch_updated_at();

-- --------------------------------------------------------------- one owner

-- Checked at commit, so that a transfer may change two roles one after the other.
create function check_owner() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare workspace uuid;
  begin
    if tg_table_name = 'workspaces' then workspace := new.id; else workspace := old.workspace_id; end if;
    if exists (select from public.workspaces w where w.id = workspace and w.deleted_at is null)
        and not exists (select from public.workspace_members m where m.workspace_id = workspace and m.role = 'owner') then
      raise exception 'workspace % must have an owner', workspace
        using errcode = 'check_violation', constraint = 'workspaces_have_one_owner';
    end if;
    return null;
  end $$;
create constraint trigger one_owner after insert or update on workspaces deferrable initially deferred for each row
  when (new.deleted_at is null) execute function check_owner();
create constraint trigger one_owner after update or delete on workspace_members deferrable initially deferred for each row
  when (old.role = 'owner') execute function check_owner();

-- --------------------------------------------------------- grants, policies

alter table sync_log enable row level security;
alter table sync_log force row level security;
alter table client_mutations enable row level security;
alter table client_mutations force row level security;
create policy owner on sync_log to current_user using (true) with check (true);
create policy owner on client_mutations to current_user using (true) with check (true);

grant select on sync_log to mdcreator_api;
create policy visible on sync_log for select to mdcreator_api using (
  audience = (select app_user_id()) or (audience is null and workspace_id = any ((select app_workspaces())::uuid[])));

grant select, insert (user_id, device_id, last_mutation_id), update (last_mutation_id) on client_mutations to mdcreator_api;
create policy own on client_mutations to mdcreator_api
  using (user_id = app_user_id()) with check (user_id = app_user_id());
