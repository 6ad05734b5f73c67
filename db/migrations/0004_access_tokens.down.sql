drop function app_find_access_token(bytea);
drop table personal_access_tokens;
drop function app_admit(text, text, uuid, timestamptz, text);
-- Sessions elsewhere mean nothing to what was before; of an address there must be one.
delete from sessions where refresh_token_hash is null;
alter table sessions alter column refresh_token_hash set not null;
comment on table sessions is 'One sign-in: a family of rotating refresh tokens (RFC 9700, section 4.14.2).';
comment on column sessions.refresh_token_hash is 'SHA-256 of the secret of the one refresh token that is good now.';
update users set email = id || '@unknown.invalid' where email is null;
alter table users alter column email set not null;
comment on column users.email is 'Lower case. Unique among living accounts.';
comment on column users.subject is 'The `sub` of the issuer''s tokens; for the local issuer the user''s own id.';
