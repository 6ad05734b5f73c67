-- What somebody shows in the address of a socket instead of a token. Unlogged: a crash, a standby or a backup must not bring
-- back one that was used, and who loses one gets another. No foreign keys: it lives for half a minute, and what it names is
-- looked up when it is shown.
create unlogged table document_tickets (
  ticket_hash bytea primary key check (octet_length(ticket_hash) = 32),
  document_id uuid not null,
  user_id uuid not null,
  session_id uuid,
  token_id uuid,
  expires_at timestamptz not null,
  ends_at timestamptz not null,
  check (num_nonnulls(session_id, token_id) = 1)
);
comment on table document_tickets is 'Each opens one connection to one document, and is deleted when it is shown.';
comment on column document_tickets.ticket_hash is 'SHA-256 of the ticket.';
comment on column document_tickets.session_id is 'The session that made it, or `token_id`, the personal access token.';
comment on column document_tickets.ends_at is 'When the connection ends, at the latest.';
create index document_tickets_expires_at on document_tickets (expires_at);

alter table document_tickets enable row level security;
alter table document_tickets force row level security;
create policy owner on document_tickets to current_user using (true) with check (true);
create policy own on document_tickets for insert to mdcreator_api with check (user_id = app_user_id());
create policy jobs on document_tickets to mdcreator_jobs using (true);
grant insert on document_tickets to mdcreator_api;
grant select (ticket_hash, expires_at), delete on document_tickets to mdcreator_jobs;

-- What a ticket says, where it is good for this document; whatever it is shown for, it is worth nothing from then on. Of
-- several servers that are shown one at the same moment, one deletes it.
create function app_redeem_ticket(hash bytea, document uuid)
  returns table (user_id uuid, session_id uuid, token_id uuid, scopes text[], ends_at timestamptz)
  language sql security definer set search_path = pg_catalog, public
  as $$
    with shown as (delete from public.document_tickets where ticket_hash = hash returning *)
    select s.user_id, s.session_id, s.token_id, t.scopes, least(s.ends_at, t.expires_at)
    from shown s left join public.personal_access_tokens t on t.id = s.token_id
    where s.document_id = document and s.expires_at > now() and (s.token_id is null or t.id is not null)
  $$;
revoke execute on function app_redeem_ticket(bytea, uuid) from public;
grant execute on function app_redeem_ticket(bytea, uuid) to mdcreator_api, mdcreator_collab;
