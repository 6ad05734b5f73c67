-- ----------------------------------------------------- accounts elsewhere

alter table users alter column email drop not null;
comment on column users.email is
  'Lower case. Unique among living accounts. Null where another issuer gave none that is verified, or one that is taken.';
comment on column users.subject is
  'The `sub` of the issuer''s tokens; for the local issuer the user''s own id. Of a deleted account of another issuer, the SHA-256 of it: the person is refused and not named.';

alter table sessions alter column refresh_token_hash drop not null;
comment on table sessions is
  'One sign-in: here, a family of rotating refresh tokens (RFC 9700, section 4.14.2); at another issuer, the id follows from what its tokens say of the sign-in.';
comment on column sessions.refresh_token_hash is
  'SHA-256 of the secret of the one refresh token that is good now; null where another issuer keeps it.';

-- The user whom another issuer's token is for, and its session, made at first sight; null where there is no such user, or
-- it was deleted. Both servers call it, with what a verified token says; a session that was ended stays ended.
create function app_admit(token_issuer text, token_subject text, session uuid, ends timestamptz, agent text)
  returns uuid language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare found_id uuid;
  begin
    select u.id into found_id from public.users u
      where u.issuer = token_issuer and u.subject = token_subject and u.issuer <> 'local' and u.deleted_at is null;
    if found_id is null then return null; end if;
    insert into public.sessions as s (id, user_id, user_agent, expires_at) values (session, found_id, left(agent, 500), ends)
      on conflict (id) do update set expires_at = excluded.expires_at, refreshed_at = now()
        where s.user_id = excluded.user_id and s.revoked_at is null and s.expires_at < excluded.expires_at;
    return found_id;
  end $$;
revoke execute on function app_admit(text, text, uuid, timestamptz, text) from public;
grant execute on function app_admit(text, text, uuid, timestamptz, text) to mdcreator_api, mdcreator_collab;

-- ------------------------------------------------- personal access tokens

create table personal_access_tokens (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users on delete cascade,
  name text not null check (char_length(name) between 1 and 100),
  token_hash bytea not null unique check (octet_length(token_hash) = 32),
  last_four text not null check (char_length(last_four) = 4),
  scopes text[] not null check (cardinality(scopes) between 1 and 50),
  expires_at timestamptz,
  last_used_at timestamptz,
  created_at timestamptz not null default now()
);
comment on table personal_access_tokens is 'What programs sign in with, for one user and some scopes (shared/src/scopes.ts). Revoking deletes.';
comment on column personal_access_tokens.token_hash is 'SHA-256 of the whole token.';
comment on column personal_access_tokens.expires_at is 'Null: until it is revoked.';
comment on column personal_access_tokens.last_used_at is 'Exact to a minute.';
create index personal_access_tokens_user on personal_access_tokens (user_id, created_at desc, id desc);

alter table personal_access_tokens enable row level security;
alter table personal_access_tokens force row level security;
create policy owner on personal_access_tokens to current_user using (true) with check (true);
create policy own on personal_access_tokens to mdcreator_api
  using (user_id = app_user_id()) with check (user_id = app_user_id());
create policy auth on personal_access_tokens for all to mdcreator_auth using (true);
create policy collab on personal_access_tokens for select to mdcreator_collab using (true);
grant select (id, user_id, name, last_four, scopes, expires_at, last_used_at, created_at), delete
  on personal_access_tokens to mdcreator_api;
grant insert (id, user_id, name, token_hash, last_four, scopes, expires_at) on personal_access_tokens to mdcreator_api;
grant delete, select (user_id) on personal_access_tokens to mdcreator_auth;
grant update (last_used_at) on personal_access_tokens to mdcreator_api;
grant select (id, user_id, scopes, expires_at) on personal_access_tokens to mdcreator_collab;

-- The token with this hash, whoever its user is, where it and its user stand: whoever has the token is told who they are.
create function app_find_access_token(hash bytea)
  returns table (id uuid, user_id uuid, scopes text[], expires_at timestamptz, is_noted boolean)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select t.id, t.user_id, t.scopes, t.expires_at, coalesce(t.last_used_at > now() - interval '1 minute', false)
    from public.personal_access_tokens t join public.users u on u.id = t.user_id and u.deleted_at is null
    where t.token_hash = hash
  $$;
revoke execute on function app_find_access_token(bytea) from public;
grant execute on function app_find_access_token(bytea) to mdcreator_api, mdcreator_collab;
