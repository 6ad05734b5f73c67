-- What belongs to a document or a workspace. Tables below a document repeat its workspace, so that a policy needs no join;
-- triggers write it, and change it when the document moves.

-- The workspaces in which the acting user is at least this. Policies ask it once a statement, as
-- `workspace_id = any ((select app_workspaces())::uuid[])`, where app_role_in(workspace_id) would be asked for each row.
create function app_workspaces(lowest workspace_role default 'viewer') returns uuid[]
  language sql stable security definer set search_path = pg_catalog, public
  as $$
    select coalesce(array_agg(m.workspace_id), '{}') from public.workspace_members m
    where m.user_id = public.app_user_id() and m.role >= lowest
  $$;

create function workspace_of(document uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog, public
  as $$ select d.workspace_id from public.documents d where d.id = document $$;
revoke execute on function workspace_of(uuid) from public;

create function take_workspace() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if new.document_id is not null then
      new.workspace_id := public.workspace_of(new.document_id);
    end if;
    return new;
  end $$;

create function count_change() returns trigger
  language plpgsql set search_path = pg_catalog
  as $$ begin new.version := old.version + 1; new.updated_at := clock_timestamp(); return new; end $$;

-- ---------------------------------------------------------------- versions

create table document_versions (
  id uuid primary key default gen_random_uuid(),
  document_id uuid not null references documents on delete cascade,
  workspace_id uuid not null,
  number integer not null default 0,
  title text not null check (char_length(title) between 1 and 500),
  label text check (char_length(label) between 1 and 200),
  content text not null,
  content_hash text not null generated always as (sha256_hex(content)) stored,
  word_count integer not null default 0 check (word_count >= 0),
  contributors uuid[] not null default '{}' check (cardinality(contributors) <= 1000),
  created_by uuid references users,
  created_at timestamptz not null default now(),
  unique (document_id, number)
);
comment on table document_versions is 'Texts that were kept, each for ever: nothing changes or deletes a version of a living document.';
comment on column document_versions.number is 'Counts from 1 in each document; a trigger gives it.';
comment on column document_versions.label is 'A name somebody gave it; null for those that were kept by themselves.';
comment on column document_versions.contributors is 'Who edited since the version before.';
create index document_versions_hash on document_versions (document_id, content_hash);

-- The document's row is locked, so that numbers have neither gaps nor twins.
create function number_version() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    perform from public.documents d where d.id = new.document_id for no key update;
    select coalesce(max(v.number), 0) + 1 into new.number
      from public.document_versions v where v.document_id = new.document_id;
    return new;
  end $$;
create trigger take_workspace before insert on document_versions for each row execute function take_workspace();
create trigger number_version before insert on document_versions for each row execute function number_version();

create table document_bases (
  document_id uuid not null references documents on delete cascade,
  workspace_id uuid not null,
  content text not null,
  content_hash text not null generated always as (sha256_hex(content)) stored,
  handed_out_at timestamptz not null default now(),
  primary key (document_id, content_hash)
);
comment on table document_bases is 'Texts that a client was given lately and may bring changes to. Its hash finds a base, and is generated: nobody can plant another text under it.';
create index document_bases_age on document_bases (handed_out_at);
create trigger take_workspace before insert on document_bases for each row execute function take_workspace();

-- ---------------------------------------------------------------- comments

create table comments (
  id uuid primary key default gen_random_uuid(),
  document_id uuid not null references documents on delete cascade,
  workspace_id uuid not null,
  parent_id uuid references comments on delete cascade check (parent_id <> id),
  body text not null check (char_length(body) between 1 and 10000),
  quote text check (char_length(quote) between 1 and 10000),
  prefix text check (char_length(prefix) <= 1000),
  suffix text check (char_length(suffix) <= 1000),
  anchor_start bytea check (octet_length(anchor_start) <= 1024),
  anchor_end bytea check (octet_length(anchor_end) <= 1024),
  anchor_state text check (anchor_state in ('anchored', 'moved', 'orphaned')),
  range_start integer check (range_start >= 0),
  range_end integer check (range_end >= range_start),
  resolved_at timestamptz,
  resolved_by uuid references users,
  version bigint not null default 1,
  created_by uuid not null references users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- An anchor is whole or absent, and an answer stands where its thread stands.
  constraint comments_anchor check (num_nulls(quote, prefix, suffix, anchor_start, anchor_end, anchor_state) in (0, 6)),
  constraint comments_answer check (parent_id is null or (quote is null and resolved_at is null)),
  constraint comments_resolved check ((resolved_at is null) = (resolved_by is null))
);
comment on column comments.parent_id is 'The first comment of the thread; null for that one.';
comment on column comments.anchor_start is 'A Yjs relative position, encoded; so is anchor_end.';
comment on column comments.range_start is 'Where the anchor was last found, in UTF-16 units of the plain text; null where it is orphaned.';
create index comments_thread on comments (document_id, created_at, id) where deleted_at is null;
create index comments_parent on comments (parent_id) where parent_id is not null;

create function place_comment() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if new.parent_id is not null and not exists (
      select from public.comments c
      where c.id = new.parent_id and c.document_id = new.document_id and c.parent_id is null and c.deleted_at is null
    ) then
      raise exception 'comment % is not the living first comment of a thread of this document', new.parent_id
        using errcode = 'foreign_key_violation', constraint = 'comments_parent_thread';
    end if;
    return new;
  end $$;
create trigger take_workspace before insert on comments for each row execute function take_workspace();
create trigger place_comment before insert on comments for each row execute function place_comment();

-- What policies cannot say, since it differs by column: the words are their author's, and of others' comments
-- administrators delete. Only where a user acts: the servers themselves have grants for single columns.
create function guard_comment() returns trigger
  language plpgsql set search_path = pg_catalog, public
  as $$
  begin
    if app_user_id() is not null and old.created_by <> app_user_id() and (new.body <> old.body
        or (new.deleted_at is distinct from old.deleted_at and app_role_in(old.workspace_id) < 'admin')) then
      raise exception 'this comment is somebody else''s' using errcode = 'insufficient_privilege';
    end if;
    return new;
  end $$;
create trigger guard_comment before update of body, deleted_at on comments for each row execute function guard_comment();
-- Where an anchor was found moves with every edit before it, and is no change of the comment.
create trigger count_change before update on comments for each row
  when ((old.body, old.resolved_at, old.deleted_at, old.anchor_state, old.workspace_id)
    is distinct from (new.body, new.resolved_at, new.deleted_at, new.anchor_state, new.workspace_id))
  execute function count_change();

create table comment_reactions (
  comment_id uuid not null references comments on delete cascade,
  user_id uuid not null references users on delete cascade,
  emoji text not null check (octet_length(emoji) between 1 and 64),
  workspace_id uuid not null,
  created_at timestamptz not null default now(),
  primary key (comment_id, user_id, emoji)
);
create index comment_reactions_user on comment_reactions (user_id);

-- A reaction changes its comment: whoever has the comment must fetch it again.
create function touch_comment() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    if tg_op = 'INSERT' then
      update public.comments c set version = c.version + 1, updated_at = clock_timestamp()
        where c.id = new.comment_id returning c.workspace_id into new.workspace_id;
      return new;
    end if;
    update public.comments c set version = c.version + 1, updated_at = clock_timestamp() where c.id = old.comment_id;
    return old;
  end $$;
create trigger touch_comment before insert or delete on comment_reactions for each row execute function touch_comment();

-- ------------------------------------------------------------------- files

create table attachments (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references workspaces on delete cascade,
  document_id uuid references documents on delete cascade,
  filename text not null check (char_length(filename) between 1 and 255 and filename !~ '[[:cntrl:]/\\]'),
  content_type text not null check (char_length(content_type) between 3 and 255),
  size bigint not null check (size between 0 and 5368709120),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  storage_key text not null unique check (char_length(storage_key) between 1 and 1024),
  completed_at timestamptz,
  version bigint not null default 1,
  created_by uuid not null references users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);
comment on column attachments.completed_at is 'When the uploaded bytes were found to have this size and hash; null while they are awaited.';
create index attachments_document on attachments (document_id, created_at, id) where deleted_at is null;
create index attachments_workspace on attachments (workspace_id, created_at, id);
create index attachments_awaited on attachments (created_at) where completed_at is null and deleted_at is null;
create trigger take_workspace before insert on attachments for each row execute function take_workspace();
create trigger count_change before update on attachments for each row execute function count_change();

create table context_files (
  id uuid primary key default gen_random_uuid(),
  workspace_id uuid not null references workspaces on delete cascade,
  filename text not null check (char_length(filename) between 1 and 255 and filename !~ '[[:cntrl:]/\\]'),
  content_type text not null check (char_length(content_type) between 3 and 255),
  size bigint not null check (size between 0 and 5368709120),
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  storage text not null check (storage in ('local', 's3')),
  storage_key text unique check (char_length(storage_key) between 1 and 1024),
  completed_at timestamptz,
  version bigint not null default 1,
  created_by uuid not null references users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  constraint context_files_stored check ((storage = 's3') = (storage_key is not null)),
  constraint context_files_completed check (storage = 's3' or completed_at is null)
);
comment on table context_files is 'Files that questions to an AI may refer to. A workspace holds the same bytes once.';
comment on column context_files.storage is 'local: only somebody''s own machine has the bytes. s3: our store has them, whichever driver it uses.';
create unique index context_files_bytes on context_files (workspace_id, content_hash) where deleted_at is null;
create index context_files_list on context_files (workspace_id, created_at, id) where deleted_at is null;
create trigger count_change before update on context_files for each row execute function count_change();

-- --------------------------------------------------------------- mind maps

create table mindmaps (
  document_id uuid primary key references documents on delete cascade,
  workspace_id uuid not null,
  nodes jsonb not null default '[]' check (jsonb_typeof(nodes) = 'array'),
  edges jsonb not null default '[]' check (jsonb_typeof(edges) = 'array'),
  yjs_clock bigint not null default 0,
  version bigint not null default 1,
  updated_by uuid references users,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
comment on table mindmaps is 'The projection of the live documents of type mindmap. jsonb takes no NUL and no lone surrogate: who writes it cleans it.';
comment on column mindmaps.yjs_clock is 'The last id of document_updates that it holds.';
create trigger take_workspace before insert on mindmaps for each row execute function take_workspace();
create trigger count_change before update on mindmaps for each row
  when ((old.nodes, old.edges, old.workspace_id) is distinct from (new.nodes, new.edges, new.workspace_id))
  execute function count_change();

-- ---------------------------------------------------------- keys and usage

create table api_keys (
  user_id uuid not null references users on delete cascade,
  provider text not null check (provider ~ '^[a-z0-9-]{1,32}$'),
  ciphertext bytea not null check (octet_length(ciphertext) between 17 and 4096),
  nonce bytea not null check (octet_length(nonce) = 12),
  key_id text not null check (char_length(key_id) between 1 and 64),
  last_four text not null check (char_length(last_four) <= 4),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  last_used_at timestamptz,
  primary key (user_id, provider)
);
comment on column api_keys.ciphertext is 'AES-256-GCM, the tag at its end; user and provider are the additional data.';
comment on column api_keys.key_id is 'Which of our keys encrypted it.';
create index api_keys_key on api_keys (key_id);
create trigger touch before update of ciphertext on api_keys for each row execute function touch_updated_at();

create table usage_metrics (
  id bigint generated always as identity primary key,
  user_id uuid not null references users on delete cascade,
  workspace_id uuid references workspaces on delete cascade,
  kind text not null check (kind ~ '^[a-z]+\.[a-z]+$'),
  provider text not null check (char_length(provider) between 1 and 32),
  model text not null check (char_length(model) between 1 and 100),
  key_owner text not null check (key_owner in ('user', 'server')),
  status text not null default 'reserved' check (status in ('reserved', 'completed', 'failed', 'aborted')),
  input_tokens integer not null default 0 check (input_tokens >= 0),
  output_tokens integer not null default 0 check (output_tokens >= 0),
  created_at timestamptz not null default now(),
  settled_at timestamptz
);
comment on table usage_metrics is 'One row a call to an AI: written before the call, which reserves the quota, and settled after it.';
comment on column usage_metrics.kind is 'Such as ai.generate.';
create index usage_metrics_user on usage_metrics (user_id, created_at);
create index usage_metrics_workspace on usage_metrics (workspace_id, created_at) where workspace_id is not null;
create index usage_metrics_age on usage_metrics (created_at);

create table usage_days (
  day date not null,
  user_id uuid not null references users on delete cascade,
  workspace_id uuid references workspaces on delete cascade,
  kind text not null,
  provider text not null,
  model text not null,
  key_owner text not null,
  calls integer not null,
  failed integer not null,
  input_tokens bigint not null,
  output_tokens bigint not null,
  unique nulls not distinct (user_id, day, workspace_id, kind, provider, model, key_owner)
);
comment on table usage_days is 'Past days of usage_metrics (UTC) in sums, for when the single calls are deleted.';
create index usage_days_workspace on usage_days (workspace_id, day) where workspace_id is not null;

-- The days that were summed, and the calls since then.
create view usage_by_day with (security_invoker) as
  select day, user_id, workspace_id, kind, provider, model, key_owner, calls, failed, input_tokens, output_tokens
    from usage_days
  union all
  select (created_at at time zone 'UTC')::date, user_id, workspace_id, kind, provider, model, key_owner,
    count(*)::integer, count(*) filter (where status in ('failed', 'aborted'))::integer,
    sum(input_tokens), sum(output_tokens)
    from usage_metrics
    where created_at >= (select coalesce(max(day) + 1, '-infinity') from usage_days)::timestamp at time zone 'UTC'
    group by 1, 2, 3, 4, 5, 6, 7;

-- ------------------------------------------------------------------- moves

create function move_contents() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    update public.document_versions t set workspace_id = new.workspace_id where t.document_id = new.id;
    update public.document_bases t set workspace_id = new.workspace_id where t.document_id = new.id;
    update public.comment_reactions t set workspace_id = new.workspace_id
      from public.comments c where c.document_id = new.id and t.comment_id = c.id;
    update public.comments t set workspace_id = new.workspace_id where t.document_id = new.id;
    update public.attachments t set workspace_id = new.workspace_id where t.document_id = new.id;
    update public.mindmaps t set workspace_id = new.workspace_id where t.document_id = new.id;
    return null;
  end $$;
create trigger move_contents after update of workspace_id on documents for each row
  when (old.workspace_id <> new.workspace_id) execute function move_contents();
grant update (workspace_id) on documents to mdcreator_api;

create index workspace_members_joined on workspace_members (workspace_id, created_at, user_id);

-- ------------------------------------------------------------------ grants

grant select on document_versions, comments, comment_reactions, attachments, context_files, mindmaps, api_keys,
  usage_metrics, usage_days, usage_by_day, document_bases to mdcreator_api;
grant insert (id, document_id, workspace_id, title, label, content, word_count, contributors, created_by)
  on document_versions to mdcreator_api, mdcreator_collab;
grant insert (document_id, workspace_id, content), update (handed_out_at) on document_bases to mdcreator_api, mdcreator_collab;
grant insert (id, document_id, workspace_id, parent_id, body, quote, prefix, suffix, anchor_start, anchor_end, anchor_state,
  range_start, range_end, created_by), update (body, resolved_at, resolved_by, deleted_at) on comments to mdcreator_api;
grant insert (comment_id, user_id, emoji, workspace_id), delete on comment_reactions to mdcreator_api;
grant insert (id, workspace_id, document_id, filename, content_type, size, sha256, storage_key, created_by),
  update (completed_at, deleted_at) on attachments to mdcreator_api;
grant insert (id, workspace_id, filename, content_type, size, content_hash, storage, storage_key, created_by),
  update (storage, storage_key, completed_at, deleted_at) on context_files to mdcreator_api;
grant insert (document_id, workspace_id, nodes, edges, updated_by) on mindmaps to mdcreator_api;
grant insert (user_id, provider, ciphertext, nonce, key_id, last_four),
  update (ciphertext, nonce, key_id, last_four, last_used_at), delete on api_keys to mdcreator_api;
grant insert (user_id, workspace_id, kind, provider, model, key_owner),
  update (model, status, input_tokens, output_tokens, settled_at) on usage_metrics to mdcreator_api;

grant select on document_versions, document_bases, comments, mindmaps to mdcreator_collab;
grant update (anchor_start, anchor_end, anchor_state, range_start, range_end) on comments to mdcreator_collab;
grant insert (document_id, workspace_id, nodes, edges, yjs_clock, updated_by), update (nodes, edges, yjs_clock, updated_by)
  on mindmaps to mdcreator_collab;

-- ---------------------------------------------------------------- policies

do $$
declare item text;
begin
  foreach item in array array['document_versions', 'document_bases', 'comments', 'comment_reactions', 'attachments',
      'context_files', 'mindmaps', 'api_keys', 'usage_metrics', 'usage_days'] loop
    execute format('alter table %I enable row level security', item);
    execute format('alter table %I force row level security', item);
    execute format('create policy owner on %I to current_user using (true) with check (true)', item);
  end loop;
  foreach item in array array['document_versions', 'document_bases', 'comments', 'comment_reactions', 'attachments',
      'context_files', 'mindmaps'] loop
    execute format('create policy visible on %I for select to mdcreator_api
      using (workspace_id = any ((select app_workspaces())::uuid[]))', item);
  end loop;
  foreach item in array array['document_versions', 'document_bases', 'comments', 'mindmaps'] loop
    execute format('create policy collab on %I to mdcreator_collab using (true) with check (true)', item);
  end loop;
end $$;

alter policy visible on documents using (workspace_id = any ((select app_workspaces())::uuid[]));
alter policy edit on documents
  using (workspace_id = any ((select app_workspaces('editor'))::uuid[]))
  with check (workspace_id = any ((select app_workspaces('editor'))::uuid[]));

create policy creation on document_versions for insert to mdcreator_api
  with check (created_by = app_user_id() and app_role_in(workspace_id) >= 'editor');
create policy handing_out on document_bases for insert to mdcreator_api with check (app_role_in(workspace_id) >= 'editor');
create policy handing_out_again on document_bases for update to mdcreator_api
  using (app_role_in(workspace_id) >= 'editor') with check (app_role_in(workspace_id) >= 'editor');

create policy creation on comments for insert to mdcreator_api
  with check (created_by = app_user_id() and app_role_in(workspace_id) >= 'commenter');
create policy change on comments for update to mdcreator_api
  using (app_role_in(workspace_id) >= 'commenter') with check (app_role_in(workspace_id) >= 'commenter');
create policy own on comment_reactions for insert to mdcreator_api
  with check (user_id = app_user_id() and app_role_in(workspace_id) >= 'commenter');
create policy taking_back on comment_reactions for delete to mdcreator_api
  using (user_id = app_user_id() and app_role_in(workspace_id) >= 'commenter');

create policy creation on attachments for insert to mdcreator_api
  with check (created_by = app_user_id() and app_role_in(workspace_id) >= 'editor');
create policy change on attachments for update to mdcreator_api
  using (app_role_in(workspace_id) >= 'editor') with check (app_role_in(workspace_id) >= 'editor');
create policy creation on context_files for insert to mdcreator_api
  with check (created_by = app_user_id() and app_role_in(workspace_id) >= 'editor');
create policy change on context_files for update to mdcreator_api
  using (app_role_in(workspace_id) >= 'editor') with check (app_role_in(workspace_id) >= 'editor');
create policy creation on mindmaps for insert to mdcreator_api with check (app_role_in(workspace_id) >= 'editor');

create policy own on api_keys to mdcreator_api using (user_id = app_user_id()) with check (user_id = app_user_id());
create policy visible on usage_metrics for select to mdcreator_api using (user_id = (select app_user_id())
  or workspace_id = any ((select app_workspaces('admin'))::uuid[]));
create policy visible on usage_days for select to mdcreator_api using (user_id = (select app_user_id())
  or workspace_id = any ((select app_workspaces('admin'))::uuid[]));
create policy reservation on usage_metrics for insert to mdcreator_api
  with check (user_id = app_user_id() and (workspace_id is null or app_role_in(workspace_id) is not null));
create policy settlement on usage_metrics for update to mdcreator_api
  using (user_id = app_user_id()) with check (user_id = app_user_id());
