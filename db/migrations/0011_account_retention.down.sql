drop index sessions_revoked_at, sessions_expires_at;
drop policy jobs on sessions;
drop policy jobs on authorization_codes;
drop policy jobs on email_codes;
revoke select (id, expires_at, revoked_at), delete on sessions from mdcreator_jobs;
revoke select (code_hash, expires_at), delete on authorization_codes from mdcreator_jobs;
revoke select (email, purpose, expires_at), delete on email_codes from mdcreator_jobs;
