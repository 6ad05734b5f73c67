revoke update (workspace_id) on documents from mdcreator_api;
alter policy visible on documents using (app_role_in(workspace_id) is not null);
drop index workspace_members_joined;
alter policy edit on documents
  using (app_role_in(workspace_id) >= 'editor') with check (app_role_in(workspace_id) >= 'editor');
drop trigger move_contents on documents;
drop view usage_by_day;
drop table usage_days, usage_metrics, api_keys, mindmaps, context_files, attachments, comment_reactions, comments,
  document_bases, document_versions;
drop function move_contents(), touch_comment(), guard_comment(), place_comment(), number_version(), count_change(),
  take_workspace(), workspace_of(uuid), app_workspaces(workspace_role);
