alter table documents add column folded_ids bigint[] not null default '{}';
comment on column documents.folded_ids is
  'The ids of document_updates that the last checkpoint folded: a server that has applied them all need not load the checkpoint.';
grant update (folded_ids) on documents to mdcreator_collab;

-- ---------------------------------------------------------------- presence

create table presence (
  document_id uuid not null references documents on delete cascade,
  user_id uuid not null references users on delete cascade,
  last_seen_at timestamptz not null default now(),
  primary key (document_id, user_id)
);
comment on table presence is 'Who was last in a document, and when. Who is in it now, the collaboration servers know.';
create index presence_by_user on presence (user_id, last_seen_at desc);
alter table presence enable row level security;
alter table presence force row level security;
grant select, insert, update, delete on presence to mdcreator_collab;
-- Deleting: an account that ends leaves no traces of its own.
grant select, delete on presence to mdcreator_api;
create policy owner on presence to current_user using (true) with check (true);
create policy collab on presence to mdcreator_collab using (true) with check (true);
-- The documents are those that the caller may see: their own policy holds inside of this one.
create policy visible on presence for select to mdcreator_api
  using (user_id = app_user_id() or exists (select from documents d where d.id = document_id));
create policy forgetting on presence for delete to mdcreator_api using (user_id = app_user_id());

-- ----------------------------------------------------------------- members

grant update (role), delete on workspace_members to mdcreator_api;
-- Administrators change whom they are not below, to no more than they are themselves; nobody the owner. The functions
-- see the table as it was before the statement, so one who changes the own role is judged by the old one.
create policy administration on workspace_members for update to mdcreator_api
  using (role <> 'owner' and app_role_in(workspace_id) >= 'admin' and role <= app_role_in(workspace_id))
  with check (role <> 'owner' and role <= app_role_in(workspace_id));
create policy removal on workspace_members for delete to mdcreator_api
  using (role <> 'owner'
    and (user_id = app_user_id() or (app_role_in(workspace_id) >= 'admin' and role <= app_role_in(workspace_id))));

-- Administrators change a living workspace; only its owner deletes it.
alter policy administration on workspaces
  using (app_role_in(id) = 'owner' or (app_role_in(id) = 'admin' and deleted_at is null))
  with check (app_role_in(id) = 'owner' or (app_role_in(id) = 'admin' and deleted_at is null));
