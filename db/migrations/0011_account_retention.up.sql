-- What is over is deleted by a job (db/src/maintenance.ts), which needs to see no more than that.
grant select (email, purpose, expires_at), delete on email_codes to mdcreator_jobs;
grant select (code_hash, expires_at), delete on authorization_codes to mdcreator_jobs;
grant select (id, expires_at, revoked_at), delete on sessions to mdcreator_jobs;
create policy jobs on email_codes to mdcreator_jobs using (true);
create policy jobs on authorization_codes to mdcreator_jobs using (true);
create policy jobs on sessions to mdcreator_jobs using (true);
-- For the retention job, which asks for nothing else.
create index sessions_expires_at on sessions (expires_at);
create index sessions_revoked_at on sessions (revoked_at) where revoked_at is not null;
