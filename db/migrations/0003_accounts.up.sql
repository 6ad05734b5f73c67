-- ------------------------------------------------------------ verification

alter table users add column email_verified_at timestamptz;
comment on column users.email_verified_at is 'When somebody showed a code that was mailed to the address; null: never.';

-- Codes that were mailed. A row is made for whatever address is asked about, with an account or without, so that neither
-- the answer nor the work tells which; where there was nothing to mail, its hash is that of no code.
create table email_codes (
  email text not null check (char_length(email) <= 254),
  purpose text not null check (purpose in ('verification', 'password-reset')),
  user_id uuid not null,
  code_hash bytea not null check (octet_length(code_hash) = 32),
  tries_left smallint not null,
  expires_at timestamptz not null,
  password_hash text,
  display_name text,
  primary key (email, purpose)
);
comment on table email_codes is 'The one code of an address that is good now. A sign-up waits here until its code comes back.';
comment on column email_codes.user_id is 'The account, or the id that it will have. No foreign key: there may be none yet, or ever.';
comment on column email_codes.code_hash is 'HMAC-SHA256 of purpose, address and code, under a secret that is not in this table.';
comment on column email_codes.password_hash is 'The password that was signed up with; null where two sign-ups chose two.';
create index email_codes_expires_at on email_codes (expires_at);

-- ---------------------------------------------------------------- sessions

alter table sessions add column network text check (char_length(network) <= 60);
alter table sessions add column client_id text check (char_length(client_id) <= 100);
comment on column sessions.network is 'Where it was opened from: an IPv4 address, or the /64 of an IPv6 address.';
comment on column sessions.client_id is 'The OAuth client that it was opened for; null: by the password alone.';

-- Whether an account was opened from a network before.
create index sessions_network on sessions (user_id, network);

create table authorization_codes (
  code_hash bytea primary key check (octet_length(code_hash) = 32),
  user_id uuid not null references users on delete cascade,
  client_id text not null,
  redirect_uri text not null,
  code_challenge text not null,
  expires_at timestamptz not null,
  used_at timestamptz,
  session_id uuid references sessions on delete set null
);
comment on table authorization_codes is 'RFC 6749, section 4.1.2, with PKCE (RFC 7636). A used one is kept for a while, to know it when it is shown again.';
comment on column authorization_codes.code_hash is 'SHA-256 of the code.';
comment on column authorization_codes.session_id is 'The session that it gave.';
create index authorization_codes_user on authorization_codes (user_id);
create index authorization_codes_session on authorization_codes (session_id);
create index authorization_codes_expires_at on authorization_codes (expires_at);

-- ------------------------------------------------------- grants and policies

grant select (email_verified_at) on users to mdcreator_api;
grant select (user_agent, network, client_id, created_at, refreshed_at) on sessions to mdcreator_api;
grant select, insert, update, delete on email_codes, authorization_codes to mdcreator_auth;

do $$
declare item text;
begin
  foreach item in array array['email_codes', 'authorization_codes'] loop
    execute format('alter table %I enable row level security', item);
    execute format('alter table %I force row level security', item);
    execute format('create policy owner on %I to current_user using (true) with check (true)', item);
    execute format('create policy auth on %I to mdcreator_auth using (true) with check (true)', item);
  end loop;
end $$;
