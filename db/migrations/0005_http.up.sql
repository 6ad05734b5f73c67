-- --------------------------------------------------------------- audit log

create table audit_log (
  id bigint generated always as identity primary key,
  action text not null check (action ~ '^[a-z_]+\.[a-z_]+$' and char_length(action) <= 60),
  actor_id uuid default app_user_id(),
  workspace_id uuid,
  target_type text check (char_length(target_type) <= 40),
  target_id text check (char_length(target_id) <= 200),
  network text check (char_length(network) <= 60),
  user_agent text check (char_length(user_agent) <= 500),
  request_id text check (char_length(request_id) <= 128),
  details jsonb not null default '{}' check (octet_length(details::text) <= 4096),
  at timestamptz not null default clock_timestamp()
);
comment on table audit_log is
  'What an administrator would ask about: who did what, when and from where. Servers add to it and read it, and cannot change it. No foreign keys: it outlives what it tells of.';
comment on column audit_log.actor_id is 'Null where nobody was signed in, such as for a refused sign-in.';
comment on column audit_log.network is 'The IPv4 address, or the /64 of an IPv6 address.';
comment on column audit_log.details is 'What else matters, such as the old and the new role. Never a secret.';
create index audit_log_workspace on audit_log (workspace_id, id desc) where workspace_id is not null;
create index audit_log_at on audit_log (at);

-- -------------------------------------------------------- idempotency keys

create table idempotency_keys (
  user_id uuid not null references users on delete cascade,
  key text not null check (char_length(key) between 1 and 255),
  fingerprint bytea not null check (octet_length(fingerprint) = 32),
  status smallint not null,
  body text check (octet_length(body) <= 1048576),
  etag text,
  location text,
  created_at timestamptz not null default now(),
  primary key (user_id, key)
);
comment on table idempotency_keys is
  'The answers to POSTs with an Idempotency-Key, written with their effect in one transaction. Good for 24 hours.';
comment on column idempotency_keys.fingerprint is 'SHA-256 of the request: another one may not use the same key.';
comment on column idempotency_keys.body is 'Null where the answer was too large to keep.';
create index idempotency_keys_created_at on idempotency_keys (created_at);

-- ------------------------------------------------------- grants and policies

do $$
declare item text;
begin
  foreach item in array array['audit_log', 'idempotency_keys'] loop
    execute format('alter table %I enable row level security', item);
    execute format('alter table %I force row level security', item);
    execute format('create policy owner on %I to current_user using (true) with check (true)', item);
  end loop;
end $$;

grant insert (action, actor_id, workspace_id, target_type, target_id, network, user_agent, request_id, details)
  on audit_log to mdcreator_api, mdcreator_auth;
grant select on audit_log to mdcreator_api;
-- Sign-in knows who signs in, or does not; everybody else signs for themselves only.
create policy authentication on audit_log for insert to mdcreator_auth with check (true);
create policy acting on audit_log for insert to mdcreator_api with check (actor_id = app_user_id());
create policy administration on audit_log for select to mdcreator_api
  using (workspace_id is not null and app_role_in(workspace_id) >= 'admin');

grant select, insert, delete on idempotency_keys to mdcreator_api;
create policy own on idempotency_keys for select to mdcreator_api using (user_id = app_user_id());
create policy keeping on idempotency_keys for insert to mdcreator_api with check (user_id = app_user_id());
create policy expiry on idempotency_keys for delete to mdcreator_api
  using (user_id = app_user_id() and created_at <= now() - interval '24 hours');

-- Jobs delete what is old; migration 0010 gives them the rest of their rights.
do $$
begin
  create role mdcreator_jobs nologin nosuperuser nobypassrls noinherit;
exception when duplicate_object or unique_violation then null;
end $$;
grant select (id, at), delete on audit_log to mdcreator_jobs;
grant select (user_id, key, created_at), delete on idempotency_keys to mdcreator_jobs;
create policy jobs on audit_log to mdcreator_jobs using (true);
create policy jobs on idempotency_keys to mdcreator_jobs using (true);
