-- Three roles without login. A server connects as the owner of the database and takes one of them at once
-- (`options=-c role=…`); none of them owns a table, and none can bypass row-level security.
--   mdcreator_api    the REST API, on behalf of one user: every statement runs under row-level security
--   mdcreator_auth   sign-up, sign-in and refresh: sees accounts and sessions, and nothing a workspace holds
--   mdcreator_collab the live documents: the update log, the Yjs state and its projection
do $$
declare wanted text;
begin
  foreach wanted in array array['mdcreator_api', 'mdcreator_auth', 'mdcreator_collab'] loop
    begin
      execute format('create role %I nologin nosuperuser nobypassrls noinherit', wanted);
    exception when duplicate_object or unique_violation then null; -- roles belong to the whole cluster
    end;
    execute format('grant %I to current_user', wanted);
    execute format('grant usage on schema public to %I', wanted);
  end loop;
end $$;

-- convert_to() is only STABLE because it depends on the database encoding; ours is UTF-8 for good.
create function sha256_hex(value text) returns text
  language sql immutable strict parallel safe set search_path = pg_catalog
  as $$ select encode(sha256(convert_to(value, 'UTF8')), 'hex') $$;

-- The user a transaction acts for, or null: see db/src/as-user.ts.
create function app_user_id() returns uuid
  language sql stable parallel safe set search_path = pg_catalog
  as $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

create function touch_updated_at() returns trigger
  language plpgsql set search_path = pg_catalog
  as $$ begin new.updated_at := clock_timestamp(); return new; end $$;

-- ---------------------------------------------------------------- accounts

create table users (
  id uuid primary key default gen_random_uuid(),
  issuer text not null default 'local',
  subject text not null,
  email text not null,
  password_hash text,
  display_name text not null check (char_length(display_name) between 1 and 100),
  avatar_url text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  unique (issuer, subject)
);
comment on column users.subject is 'The `sub` of the issuer''s tokens; for the local issuer the user''s own id.';
comment on column users.email is 'Lower case. Unique among living accounts.';
comment on column users.password_hash is 'argon2id in PHC form; null for accounts of other issuers.';
create unique index users_email on users (email) where deleted_at is null;
create trigger touch before update on users for each row execute function touch_updated_at();

create table sessions (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  refresh_token_hash bytea not null,
  previous_token_hash bytea,
  user_agent text,
  created_at timestamptz not null default now(),
  refreshed_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);
comment on table sessions is 'One sign-in: a family of rotating refresh tokens (RFC 9700, section 4.14.2).';
comment on column sessions.refresh_token_hash is 'SHA-256 of the secret of the one refresh token that is good now.';
comment on column sessions.previous_token_hash is 'SHA-256 of the secret it replaced.';
create index sessions_user on sessions (user_id) where revoked_at is null;

create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  private_jwk jsonb not null,
  created_at timestamptz not null default now(),
  retired_at timestamptz
);
comment on table signing_keys is 'Keys of the local issuer. The newest that is not retired signs; all are published until they are deleted.';

-- -------------------------------------------------------------- workspaces

create type workspace_role as enum ('viewer', 'commenter', 'editor', 'admin', 'owner');

create table workspaces (
  id uuid primary key default gen_random_uuid(),
  name text not null check (char_length(name) between 1 and 200),
  created_by uuid not null references users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
create trigger touch before update on workspaces for each row execute function touch_updated_at();

create table workspace_members (
  workspace_id uuid not null references workspaces on delete cascade,
  user_id uuid not null references users on delete cascade,
  role workspace_role not null,
  created_at timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
create index workspace_members_user on workspace_members (user_id);
create unique index workspace_members_one_owner on workspace_members (workspace_id) where role = 'owner';

-- The acting user's role in a workspace, or null. A policy that read workspace_members itself would call itself.
create function app_role_in(workspace uuid) returns workspace_role
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select m.role from public.workspace_members m where m.workspace_id = workspace and m.user_id = app_user_id() $$;

-- True where the acting user and somebody else have a workspace in common.
create function app_knows(other uuid) returns boolean
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select exists (
      select from public.workspace_members mine
      join public.workspace_members theirs using (workspace_id)
      where mine.user_id = app_user_id() and theirs.user_id = other
    )
  $$;

-- --------------------------------------------------------------- documents

create type document_type as enum ('markdown', 'mindmap');

create table documents (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references workspaces on delete cascade,
  title text not null check (char_length(title) between 1 and 500),
  doc_type document_type not null default 'markdown',
  content text not null default '',
  content_hash text not null generated always as (sha256_hex(content)) stored,
  plain_text text not null default '',
  word_count integer not null default 0,
  yjs_state bytea,
  yjs_clock bigint not null default 0,
  epoch bigint not null default 0,
  version bigint not null default 1,
  created_by uuid not null references users,
  updated_by uuid references users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
comment on column documents.content is 'Markdown: the projection of the Yjs document, at most one second behind it.';
comment on column documents.content_hash is 'SHA-256 of the content, in hex: the ETag of /content.';
comment on column documents.yjs_state is 'The checkpoint: one Yjs update (v1). The document is this and its rows of document_updates.';
comment on column documents.yjs_clock is 'The last id of document_updates that the projection holds.';
comment on column documents.epoch is 'Counts checkpoints.';
comment on column documents.version is 'Counts what a reader can see: title, content, workspace, tombstone.';
-- Already dense: compressing it makes a checkpoint five times dearer and saves nothing.
alter table documents alter column yjs_state set storage external;
create index documents_by_title on documents (workspace_id, title, id) where deleted_at is null;
create index documents_by_update on documents (workspace_id, updated_at desc, id desc) where deleted_at is null;
create index documents_trash_by_title on documents (workspace_id, title, id) where deleted_at is not null;
create index documents_trash_by_update on documents (workspace_id, updated_at desc, id desc) where deleted_at is not null;

-- Before-row triggers do not see generated columns, so the content itself is compared.
create function count_document_version() returns trigger
  language plpgsql set search_path = pg_catalog
  as $$
  begin
    if (new.title, new.content, new.workspace_id, new.deleted_at)
       is distinct from (old.title, old.content, old.workspace_id, old.deleted_at) then
      new.version := old.version + 1;
      new.updated_at := clock_timestamp();
    end if;
    return new;
  end $$;
create trigger count_version before update on documents for each row execute function count_document_version();

create table document_updates (
  id bigint generated always as identity primary key,
  document_id uuid not null,
  data bytea not null,
  user_id uuid,
  origin text not null check (origin in ('client', 'api', 'seed')),
  txid xid8 not null default pg_current_xact_id(),
  created_at timestamptz not null default now()
);
comment on table document_updates is
  'The update log: an edit is acknowledged once its row is committed. No foreign key: it would lock the document''s row for every keystroke, and one purged document would fail a whole batch.';
comment on column document_updates.txid is 'Ids are not in commit order; catching up goes by transaction.';
alter table document_updates alter column data set storage external;
create index document_updates_document on document_updates (document_id, txid);

create function delete_document_updates() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$ begin delete from public.document_updates where document_id = old.id; return null; end $$;
create trigger delete_updates after delete on documents for each row execute function delete_document_updates();

-- ------------------------------------------------------- grants and policies

grant select (id, email, display_name, avatar_url, created_at, updated_at, deleted_at) on users to mdcreator_api;
grant update (display_name, avatar_url) on users to mdcreator_api;
grant select, insert, update on users, sessions to mdcreator_auth;
grant select, insert, update on signing_keys to mdcreator_auth;
grant select (kid, public_jwk, created_at, retired_at) on signing_keys to mdcreator_api, mdcreator_collab;
grant select (id, display_name, avatar_url, issuer, subject, deleted_at) on users to mdcreator_collab;
grant select (id, user_id, revoked_at, expires_at) on sessions to mdcreator_collab, mdcreator_api;

grant select, insert on workspaces, workspace_members to mdcreator_api;
grant update (name, deleted_at) on workspaces to mdcreator_api;
grant select on workspaces, workspace_members to mdcreator_collab;

-- Not yjs_state: the API never touches Yjs bytes. Not content after creation: it belongs to the live document.
grant select (id, workspace_id, title, doc_type, content, content_hash, plain_text, word_count, yjs_clock, version,
  created_by, updated_by, created_at, updated_at, deleted_at) on documents to mdcreator_api;
grant insert (id, workspace_id, title, doc_type, content, plain_text, word_count, created_by, updated_by)
  on documents to mdcreator_api;
grant update (title, updated_by, deleted_at) on documents to mdcreator_api;
grant select on documents to mdcreator_collab;
grant update (title, content, plain_text, word_count, yjs_state, yjs_clock, epoch, updated_by) on documents to mdcreator_collab;
grant select, insert, delete on document_updates to mdcreator_collab;

do $$
declare item text;
begin
  foreach item in array array['users', 'sessions', 'signing_keys', 'workspaces', 'workspace_members', 'documents', 'document_updates'] loop
    execute format('alter table %I enable row level security', item);
    execute format('alter table %I force row level security', item);
    -- Forced, so the owner (migrations, the functions above) needs a policy too.
    execute format('create policy owner on %I to current_user using (true) with check (true)', item);
  end loop;
end $$;

create policy auth on users to mdcreator_auth using (true) with check (true);
create policy auth on sessions to mdcreator_auth using (true) with check (true);
create policy auth on signing_keys to mdcreator_auth using (true) with check (true);
create policy published on signing_keys for select to mdcreator_api, mdcreator_collab using (true);

create policy visible on users for select to mdcreator_api using (id = app_user_id() or app_knows(id));
create policy self on users for update to mdcreator_api using (id = app_user_id()) with check (id = app_user_id());
create policy own on sessions for select to mdcreator_api using (user_id = app_user_id());

-- The creator sees a workspace before the first membership is written, in the transaction that creates both.
create policy visible on workspaces for select to mdcreator_api
  using (app_role_in(id) is not null or (created_by = app_user_id() and created_at = now()));
create policy creation on workspaces for insert to mdcreator_api with check (created_by = app_user_id());
create policy administration on workspaces for update to mdcreator_api
  using (app_role_in(id) >= 'admin') with check (app_role_in(id) >= 'admin');

create policy visible on workspace_members for select to mdcreator_api
  using (user_id = app_user_id() or app_role_in(workspace_id) is not null);
-- The one row the API may add today: the first owner, by whoever has just created the workspace.
create policy founding on workspace_members for insert to mdcreator_api with check (
  user_id = app_user_id() and role = 'owner' and exists (
    select from workspaces w where w.id = workspace_id and w.created_by = app_user_id() and w.created_at = now())
);

create policy visible on documents for select to mdcreator_api using (app_role_in(workspace_id) is not null);
create policy creation on documents for insert to mdcreator_api
  with check (created_by = app_user_id() and app_role_in(workspace_id) >= 'editor');
create policy edit on documents for update to mdcreator_api
  using (app_role_in(workspace_id) >= 'editor') with check (app_role_in(workspace_id) >= 'editor');

create policy collab on users for select to mdcreator_collab using (true);
create policy collab on sessions for select to mdcreator_collab using (true);
create policy collab on workspaces for select to mdcreator_collab using (true);
create policy collab on workspace_members for select to mdcreator_collab using (true);
create policy collab on documents to mdcreator_collab using (true) with check (true);
create policy collab on document_updates to mdcreator_collab using (true) with check (true);
