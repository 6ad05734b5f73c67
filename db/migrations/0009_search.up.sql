-- Full-text search: see docs/adr/0011-search-is-a-table.md.

-- What search compares: lower case, without accents, width and punctuation; by PostgreSQL's own means, which no
-- installation lacks. Hebrew and Arabic lose their vowel signs; kana and Hangul are put together again.
create function fold_text(value text) returns text
  language sql immutable strict parallel safe set search_path = pg_catalog
  as $$
    select regexp_replace(
      normalize(replace(replace(replace(translate(
        regexp_replace(lower(normalize(value, NFKD)),
          '[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670]+', '', 'g'),
        'øđłħıŋðς', 'odlhindσ'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), NFC),
      '[\u0001-/:-@[-`{-\u00bf×÷\u05be\u060c\u061b\u061f\u0964\u0965\u2000-\u2bff\u3000-\u3004\u3007-\u3020\u3030-\u303f\u30fb\U0001f000-\U0001faff]+',
      ' ', 'g')
  $$;

-- Thai, Lao, Burmese, Khmer, kana, Hangul and Chinese characters, whose words no spaces part (or not all): these are
-- searched by pairs of characters.
create function unspaced() returns text
  language sql immutable parallel safe set search_path = pg_catalog
  as $$
    select '\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3006\u3021-\u302f\u3031-\u3035\u3040-\u30fa\u30fc-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff'
  $$;

-- The words of a text with spaces between them. An unspaced run gives every pair in it: those that start at its first
-- character, and, in a second pass, those that start at its second; which leaves its ends as single characters.
create function words_of(value text) returns text
  language plpgsql immutable strict parallel safe set search_path = pg_catalog, public
  as $$
  declare
    folded text := fold_text(value);
    pair text := '([' || unspaced() || ']{2})';
  begin
    if folded !~ ('[' || unspaced() || ']') then return folded; end if;
    return regexp_replace(regexp_replace(folded, '([' || unspaced() || ']+)', ' \1 ', 'g'), pair, '\1 ', 'g') || ' ' ||
      regexp_replace(regexp_replace(' ' || regexp_replace(folded, '[^' || unspaced() || ']+', ' ', 'g'), ' (.)', ' \1 ', 'g'),
        pair, '\1 ', 'g');
  end $$;

-- A query in web-search syntax: "a phrase", -without, or. Its last word is taken as the beginning of a word, since
-- people look while they type. In unspaced scripts a phrase is its pairs, wherever they stand.
create function search_query(value text) returns tsquery
  language plpgsql immutable strict parallel safe set search_path = pg_catalog, public
  as $$
  declare
    -- Quotes and minus signs outlive the folding as characters of private use.
    kept text := regexp_replace(regexp_replace(left(value, 500), '["“”„]', E'\uE000', 'g'), '(^|\s)-(?=\S)', E'\\1\uE001', 'g');
    folded text := fold_text(kept);
    has_runs boolean := folded ~ ('[' || unspaced() || ']');
    result text;
  begin
    if has_runs then
      select string_agg(case
          when part !~ ('[' || unspaced() || ']') then translate(part, E'\uE000', ' ')
          when char_length(part) = 1 then ' ' || part || ' '
          else '"' || (select string_agg(substr(part, i, 2), ' ') from generate_series(1, char_length(part) - 1) i) || '" '
        end, '' order by n)
        into folded
        from regexp_matches(folded, '[' || unspaced() || ']+|[^' || unspaced() || ']+', 'g') with ordinality as m(parts, n),
          unnest(parts) as part;
    end if;
    result := websearch_to_tsquery('simple', translate(folded, E'\uE000\uE001', '"-'))::text;
    if has_runs then
      result := regexp_replace(replace(result, '<->', '&'), '''([' || unspaced() || '])''', '''\1'':*', 'g');
    end if;
    if result ~ '(^|[^!])''[^'']+''$' and kept !~ E'\uE000\\s*$' then result := result || ':*'; end if;
    return result::tsquery;
  end $$;

-- ------------------------------------------------------------------- index

create table document_search (
  document_id uuid primary key references documents on delete cascade,
  vector tsvector not null
);
comment on column document_search.vector is
  'The words of title (weight A) and text, and the workspace as a word that no text contains: a search reads of the index only what is its workspace''s.';
create index document_search_vector on document_search using gin (vector);

create table search_queue (
  document_id uuid primary key,
  due_at timestamptz not null
);
comment on table search_queue is 'Documents whose words have to be read again. No foreign key: it is written with every projection.';
create index search_queue_due on search_queue (due_at);

-- Reading the words of a text costs many times what its projection costs, and a typed text is projected every second:
-- so it is read later, and once for all edits of some seconds.
create function queue_search() returns trigger
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  begin
    insert into public.search_queue (document_id, due_at)
      values (new.id, clock_timestamp() + case when tg_op = 'UPDATE' then interval '3 s' else interval '0 s' end)
      on conflict do nothing;
    return null;
  end $$;
create trigger queue_new after insert on documents for each row execute function queue_search();
create trigger queue_change after update on documents for each row when (old.version <> new.version)
  execute function queue_search();
insert into search_queue select id, now() from documents;

create function workspace_word(workspace uuid) returns text
  language sql immutable strict parallel safe set search_path = pg_catalog
  as $$ select ':' || workspace $$;

-- Reads the words of one document that is due; false where none is. A text whose words are too many or too strange for
-- PostgreSQL is found by its first part, or by nothing: it must not stand in the way of the others.
create function index_next_document() returns boolean
  language plpgsql security definer set search_path = pg_catalog, public
  as $$
  declare
    wanted uuid;
    found_document public.documents;
    words tsvector;
    first integer := 500000;
  begin
    delete from public.search_queue where document_id = (
      select q.document_id from public.search_queue q where q.due_at <= clock_timestamp()
      order by q.due_at limit 1 for update skip locked) returning document_id into wanted;
    if wanted is null then return false; end if;
    select d.* into found_document from public.documents d where d.id = wanted and d.deleted_at is null;
    if found_document.id is null then
      delete from public.document_search s where s.document_id = wanted;
      return true;
    end if;
    words := array_to_tsvector(array[public.workspace_word(found_document.workspace_id)]);
    while first > 0 loop
      begin
        words := words || setweight(to_tsvector('simple', public.words_of(found_document.title)), 'A')
          || to_tsvector('simple', public.words_of(left(found_document.plain_text, first)));
        exit;
      exception when others then
        first := first / 4;
      end;
    end loop;
    insert into public.document_search as s (document_id, vector) values (wanted, words)
      on conflict (document_id) do update set vector = excluded.vector where s.vector <> excluded.vector;
    return true;
  end $$;

-- Living documents of the acting user's workspaces (or of the given one of them) that match, the best first; after a
-- page, from the rank and id of its last. Of more than 5000 that match, 5000 are ranked. It is SECURITY DEFINER because
-- row-level security keeps `@@`, which is not LEAKPROOF, from the index; so it looks at memberships itself.
create function search_documents(query text, workspace uuid default null, after_rank real default null,
    after_id uuid default null, page integer default 50)
  returns table (document_id uuid, workspace_id uuid, rank real)
  language plpgsql stable security definer set search_path = pg_catalog, public
  set plan_cache_mode = force_custom_plan set enable_seqscan = off
  as $$
  declare
    words tsquery := public.search_query(query);
    mine uuid[] := (select array_agg(w) from unnest(public.app_workspaces()) w where workspace is null or w = workspace);
    inside tsquery := (select string_agg('''' || public.workspace_word(w) || '''', ' | ') from unnest(mine) w)::tsquery;
  begin
    if mine is null or numnode(words) = 0 then return; end if;
    return query
      with matches as materialized (
        select s.document_id as id, ts_rank(s.vector, words) as rank
        from public.document_search s where s.vector @@ (inside && words) limit 5000
      )
      select d.id, d.workspace_id, m.rank from matches m join public.documents d using (id)
      where d.deleted_at is null and d.workspace_id = any (mine)
        and (after_rank is null or (m.rank, d.id) < (after_rank, after_id))
      order by m.rank desc, d.id desc limit page;
  end $$;

-- ---------------------------------------------------------- grants, policies

alter table document_search enable row level security;
alter table document_search force row level security;
alter table search_queue enable row level security;
alter table search_queue force row level security;
create policy owner on document_search to current_user using (true) with check (true);
create policy owner on search_queue to current_user using (true) with check (true);
revoke execute on function search_documents, index_next_document from public;
grant execute on function search_documents to mdcreator_api;
