do $$
declare item text;
begin
  foreach item in array array['sync_log', 'document_bases', 'usage_metrics', 'usage_days', 'client_mutations'] loop
    execute format('drop policy jobs on %I', item);
    execute format('revoke all on %I from mdcreator_jobs', item);
  end loop;
end $$;
drop function refresh_workspace_statistics(interval), workspace_statistics_of(uuid);
drop materialized view workspace_statistics;
revoke execute on function index_next_document() from mdcreator_jobs;
-- The role stays: it belongs to the cluster.
revoke usage on schema public from mdcreator_jobs;
