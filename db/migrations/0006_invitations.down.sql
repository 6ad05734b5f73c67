drop function transfer_workspace(uuid, uuid);
drop function accept_invitation(bytea, boolean);
drop function find_invitation(bytea);
drop function invitation_state(uuid);
drop table invitations;
