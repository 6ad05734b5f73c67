alter table documents add column client_owners jsonb not null default '{}';
comment on column documents.client_owners is
  'Whose the Yjs clients in yjs_state are: the clients of each user id, and of "server". Nobody else may write with them.';
grant update (client_owners) on documents to mdcreator_collab;
