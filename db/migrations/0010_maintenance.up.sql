-- What jobs do, as a role of their own (db/src/maintenance.ts):
--   mdcreator_jobs   keeps sums and search current and deletes what is old; reads nobody's documents
do $$
begin
  create role mdcreator_jobs nologin nosuperuser nobypassrls noinherit;
exception when duplicate_object or unique_violation then null;
end $$;
grant mdcreator_jobs to current_user;
grant usage on schema public to mdcreator_jobs;
grant execute on function index_next_document() to mdcreator_jobs;

-- A materialized view has no row-level security: nobody but its owner reads it.
create materialized view workspace_statistics as
  select w.id as workspace_id,
    (select count(*) from workspace_members m where m.workspace_id = w.id) as members,
    coalesce(d.documents, 0) as documents, coalesce(d.words, 0) as words,
    coalesce(a.attachments, 0) as attachments, coalesce(a.bytes, 0) as attachment_bytes,
    now() as counted_at
  from workspaces w
  left join (select workspace_id, count(*) as documents, sum(word_count) as words from documents
    where deleted_at is null group by 1) d on d.workspace_id = w.id
  left join (select workspace_id, count(*) as attachments, sum(size)::bigint as bytes from attachments
    where deleted_at is null and completed_at is not null group by 1) a on a.workspace_id = w.id
  where w.deleted_at is null;
create unique index workspace_statistics_workspace on workspace_statistics (workspace_id);

-- The statistics of one of the acting user's workspaces: at most as old as the last run of the job.
create function workspace_statistics_of(workspace uuid) returns setof workspace_statistics
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select s.* from public.workspace_statistics s
    where s.workspace_id = workspace and public.app_role_in(workspace) is not null
  $$;

-- Counts again where the last count is older than that. Only an owner may refresh a materialized view.
create function refresh_workspace_statistics(older_than interval default '5 minutes') returns void
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if not exists (select from public.workspace_statistics where counted_at > now() - older_than) then
      refresh materialized view concurrently public.workspace_statistics;
    end if;
  end $$;

revoke execute on function workspace_statistics_of, refresh_workspace_statistics from public;
grant execute on function workspace_statistics_of to mdcreator_api;
grant execute on function refresh_workspace_statistics to mdcreator_jobs;

grant select, delete on sync_log, usage_metrics, client_mutations to mdcreator_jobs;
grant select (document_id, content_hash, handed_out_at), delete on document_bases to mdcreator_jobs;
grant select, insert, update on usage_days to mdcreator_jobs;
do $$
declare item text;
begin
  foreach item in array array['sync_log', 'document_bases', 'usage_metrics', 'usage_days', 'client_mutations'] loop
    execute format('create policy jobs on %I to mdcreator_jobs using (true) with check (true)', item);
  end loop;
end $$;
