drop table document_updates, documents, workspace_members, workspaces, signing_keys, sessions, users;
drop function delete_document_updates(), count_document_version(), app_knows(uuid), app_role_in(uuid),
  touch_updated_at(), app_user_id(), sha256_hex(text);
drop type document_type, workspace_role;
-- The roles stay: they belong to the cluster, and another database may use them.
revoke usage on schema public from mdcreator_api, mdcreator_auth, mdcreator_collab;
