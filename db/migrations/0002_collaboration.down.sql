alter policy administration on workspaces
  using (app_role_in(id) >= 'admin') with check (app_role_in(id) >= 'admin');
drop policy removal on workspace_members;
drop policy administration on workspace_members;
revoke update (role), delete on workspace_members from mdcreator_api;
drop table presence;
alter table documents drop column folded_ids;
