create table invitations (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references workspaces on delete cascade,
  email text not null,
  role workspace_role not null check (role <> 'owner'),
  token_hash bytea not null unique,
  invited_by uuid not null references users,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null default now() + interval '7 days',
  accepted_at timestamptz,
  accepted_by uuid references users,
  revoked_at timestamptz,
  check ((accepted_at is null) = (accepted_by is null)),
  check (accepted_at is null or revoked_at is null)
);
comment on table invitations is 'Kept when they are used, replaced or taken back, so that their links are answered with 410 for a while.';
comment on column invitations.email is 'Lower case, as in users.';
comment on column invitations.token_hash is 'SHA-256 of the token in the link.';
create unique index invitations_open on invitations (workspace_id, email) where accepted_at is null and revoked_at is null;
create index invitations_by_workspace on invitations (workspace_id, created_at desc, id desc)
  where accepted_at is null and revoked_at is null;
create index invitations_by_inviter on invitations (invited_by, created_at);
create index invitations_by_expiry on invitations (expires_at);

-- What an invitation is worth depends on what its inviter may do at the moment, so nothing need be withdrawn when a
-- role changes. SECURITY DEFINER: the invited are no members yet.
create function invitation_state(invitation uuid) returns text
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select case
      when i.accepted_at is not null then 'accepted'
      when i.revoked_at is not null then 'revoked'
      when i.expires_at <= now() then 'expired'
      when not exists (
        select from public.workspace_members m
        join public.workspaces w on w.id = m.workspace_id
        where m.workspace_id = i.workspace_id and m.user_id = i.invited_by
          and m.role >= 'admin' and m.role >= i.role and w.deleted_at is null
      ) then 'void'
      else 'open'
    end
    from public.invitations i where i.id = invitation
  $$;

-- What whoever has the link sees before accepting, signed in or not.
create function find_invitation(hash bytea)
  returns table (workspace_id uuid, workspace_name text, email text, role workspace_role, invited_by_name text,
    expires_at timestamptz, state text)
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select i.workspace_id, w.name, i.email, i.role, u.display_name, i.expires_at, public.invitation_state(i.id)
    from public.invitations i
    join public.workspaces w on w.id = i.workspace_id
    join public.users u on u.id = i.invited_by
    where i.token_hash = hash
  $$;

-- Makes the acting user a member. Gives 'joined', 'member', 'other-email', 'unverified' or the state that refuses it; no row where
-- there is no such invitation. `verified_only`: our own accounts must have proven their address; those of other issuers have. The workspace and the inviter's membership are locked first, so that a deletion, a demotion or a
-- removal has either been seen or comes after.
create function accept_invitation(hash bytea, verified_only boolean) returns table (workspace_id uuid, role workspace_role, outcome text)
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  #variable_conflict use_column
  declare
    invitation public.invitations;
    invitee public.users;
  begin
    select i.* into invitation from public.invitations i where i.token_hash = hash;
    if not found then return; end if;
    perform from public.workspaces w where w.id = invitation.workspace_id for share;
    perform from public.workspace_members m
      where m.workspace_id = invitation.workspace_id and m.user_id = invitation.invited_by for share;
    perform from public.invitations i where i.id = invitation.id for update;
    select u.* into invitee from public.users u where u.id = public.app_user_id() and u.deleted_at is null;
    outcome := public.invitation_state(invitation.id);
    if outcome = 'open' and invitee.email is distinct from invitation.email then
      outcome := 'other-email';
    end if;
    if outcome = 'open' and verified_only and invitee.issuer = 'local' then
      if invitee.email_verified_at is null then outcome := 'unverified'; end if;
    end if;
    if outcome = 'open' then
      insert into public.workspace_members (workspace_id, user_id, role)
        values (invitation.workspace_id, invitee.id, invitation.role) on conflict do nothing;
      outcome := case when found then 'joined' else 'member' end;
    end if;
    if outcome = 'joined' then
      update public.invitations i set accepted_at = now(), accepted_by = invitee.id where i.id = invitation.id;
    end if;
    return query select invitation.workspace_id, invitation.role, outcome;
  end $$;

-- Hands a workspace over; only its owner can. 'done', 'not-owner' or 'no-member'. The two rows change in one transaction,
-- the former owner's first: there is never more than one owner.
create function transfer_workspace(workspace uuid, heir uuid) returns text
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    perform from public.workspace_members m
      where m.workspace_id = workspace and m.user_id = public.app_user_id() and m.role = 'owner' for update;
    if not found then return 'not-owner'; end if;
    perform from public.workspace_members m where m.workspace_id = workspace and m.user_id = heir for update;
    if not found then return 'no-member'; end if;
    if heir = public.app_user_id() then return 'done'; end if;
    update public.workspace_members m set role = 'admin' where m.workspace_id = workspace and m.user_id = public.app_user_id();
    update public.workspace_members m set role = 'owner' where m.workspace_id = workspace and m.user_id = heir;
    return 'done';
  end $$;

revoke execute on function find_invitation, accept_invitation, transfer_workspace, invitation_state from public;
grant execute on function find_invitation, accept_invitation, transfer_workspace, invitation_state to mdcreator_api;

-- Not token_hash: the API looks a token up with the functions above only.
grant select (id, workspace_id, email, role, invited_by, created_at, expires_at, accepted_at, accepted_by, revoked_at)
  on invitations to mdcreator_api;
grant insert (id, workspace_id, email, role, token_hash, invited_by) on invitations to mdcreator_api;
grant update (revoked_at) on invitations to mdcreator_api;

alter table invitations enable row level security;
alter table invitations force row level security;
create policy owner on invitations to current_user using (true) with check (true);
create policy visible on invitations for select to mdcreator_api
  using (invited_by = app_user_id() or app_role_in(workspace_id) >= 'admin');
create policy creation on invitations for insert to mdcreator_api with check (
  invited_by = app_user_id() and role <> 'owner'
  and app_role_in(workspace_id) >= 'admin' and role <= app_role_in(workspace_id));
create policy withdrawal on invitations for update to mdcreator_api
  using (app_role_in(workspace_id) >= 'admin') with check (app_role_in(workspace_id) >= 'admin');
