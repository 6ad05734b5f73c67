import { newId } from '@mdcreator/shared/ids'
import { roles } from '@mdcreator/shared/roles'
import type pg from 'pg'
import { createPool } from '../database.ts'
import { createTestDatabase } from '../testing.ts'

// For tests only: a workspace with a member of each role and a row in every table, and people outside of it.

export const people = ['stranger', 'former', ...roles] as const
/** A member by role, somebody who was a member, or somebody who never was. */
export type Person = (typeof people)[number]

export type Outcome = 'done' | 'nothing' | 'refused' | `error ${string}`

const ids = {
  ...(Object.fromEntries(people.map((person) => [person, newId()])) as Record<Person, string>),
  workspace: newId(),
  document: newId(),
  /** A document without a mind map yet. */
  map: newId(),
  comment: newId(),
  session: newId(),
}

const hash = 'a'.repeat(64)

/** One row in each table that the API's role can reach; those of single users are the editor's, a reaction the commenter's. */
const rows = `
  insert into users (id, subject, email, display_name)
    select id, id, id || '@example.com', 'Person' from unnest(array[:people]::uuid[]) id;
  insert into sessions (id, user_id, refresh_token_hash, expires_at) values (':session', ':editor', '', now() + interval '1 day');
  insert into authorization_codes (code_hash, user_id, client_id, redirect_uri, code_challenge, expires_at)
    values (sha256('code'), ':editor', 'app', 'app:/', 'x', now() + interval '1 day');
  insert into email_codes (email, purpose, user_id, code_hash, tries_left, expires_at)
    values ('editor@example.com', 'password-reset', ':editor', sha256('code'), 5, now() + interval '1 day');
  insert into personal_access_tokens (user_id, name, token_hash, last_four, scopes)
    values (':editor', 'x', sha256('y'), 'abcd', '{documents:read}');
  insert into signing_keys (kid, public_jwk, private_jwk) values ('test', '{}', '{}');
  insert into workspaces (id, name, created_by) values (':workspace', 'Ours', ':owner');
  insert into workspace_members (workspace_id, user_id, role)
    values ${roles.map((role) => `(':workspace', ':${role}', '${role}')`).join()}, (':workspace', ':former', 'admin');
  insert into documents (id, workspace_id, title, created_by)
    select id, ':workspace', 'Secret', ':former' from unnest(array[':document', ':map']::uuid[]) id;
  insert into document_updates (document_id, data, origin) values (':document', '', 'client');
  insert into document_tickets (ticket_hash, document_id, user_id, session_id, expires_at, ends_at)
    values (sha256('y'), ':document', ':editor', ':session', now(), now());
  insert into presence (document_id, user_id) values (':document', ':editor');
  insert into invitations (workspace_id, email, role, token_hash, invited_by)
    values (':workspace', 'somebody@example.com', 'viewer', 'x', ':admin');
  insert into document_versions (document_id, title, content, created_by) values (':document', 'Secret', 'words', ':former');
  insert into document_bases (document_id, content) values (':document', 'words');
  insert into comments (id, document_id, body, created_by) values (':comment', ':document', 'Why?', ':commenter');
  insert into comment_reactions (comment_id, user_id, emoji) values (':comment', ':commenter', '👍');
  insert into attachments (workspace_id, document_id, filename, content_type, size, sha256, storage_key, created_by)
    values (':workspace', ':document', 'a.png', 'image/png', 1, '${hash}', 'key', ':editor');
  insert into context_files (workspace_id, filename, content_type, size, content_hash, storage, created_by)
    values (':workspace', 'a.txt', 'text/plain', 1, '${hash}', 'local', ':editor');
  insert into mindmaps (document_id) values (':document');
  insert into api_keys (user_id, provider, ciphertext, nonce, key_id, last_four)
    values (':editor', 'openai', decode(repeat('00', 20), 'hex'), decode(repeat('00', 12), 'hex'), 'k', 'abcd');
  insert into usage_metrics (user_id, workspace_id, kind, provider, model, key_owner)
    values (':editor', ':workspace', 'ai.generate', 'openai', 'm', 'user');
  insert into usage_days (day, user_id, workspace_id, kind, provider, model, key_owner, calls, failed, input_tokens, output_tokens)
    values ('2026-01-01', ':editor', ':workspace', 'ai.generate', 'openai', 'm', 'user', 1, 0, 1, 1);
  insert into client_mutations (user_id, device_id, last_mutation_id) values (':editor', 'laptop', 1);
  insert into audit_log (action, actor_id, workspace_id) values ('role.changed', ':admin', ':workspace');
  insert into idempotency_keys (user_id, key, fingerprint, status, created_at)
    values (':editor', 'x', sha256('x'), 201, now() - interval '25 hours');
  delete from workspace_members where user_id = ':former';`

export class World {
  readonly ids = ids
  readonly owner: pg.Pool
  private readonly api: pg.Pool
  private readonly drop: () => Promise<void>

  private constructor({ url, drop }: { url: string; drop: () => Promise<void> }) {
    this.owner = createPool({ url, size: 1 })
    this.api = createPool({ url, role: 'mdcreator_api', size: 1 })
    this.drop = drop
  }

  static async create(): Promise<World> {
    const world = new World(await createTestDatabase())
    await world.owner.query(world.fill(rows, 'owner'))
    await world.owner.query('select index_next_document()')
    return world
  }

  /** `:name` becomes the id of that name; `:me` is the person, `:new` an id of its own. */
  fill(statement: string, me: Person): string {
    const values: Record<string, string> = {
      ...ids,
      me: ids[me],
      people: people.map((name) => `'${ids[name]}'`).join(),
    }
    return statement.replace(/(?<!:):(\w+)/g, (_, name: string) =>
      name === 'new' ? newId() : (values[name] ?? `:${name}`),
    )
  }

  /** Tries a statement as the API on behalf of a person, says what happened, and undoes it. `null`: of nobody. */
  async attempt(person: Person | null, statement: string): Promise<Outcome> {
    const client = await this.api.connect()
    try {
      await client.query('begin')
      if (person) await client.query(`select set_config('app.user_id', $1, true)`, [ids[person]])
      const { rowCount } = await client.query(this.fill(statement, person ?? 'stranger'))
      return rowCount ? 'done' : 'nothing'
    } catch (error) {
      const { code, message } = error as { code: string; message: string }
      return code === '42501' ? 'refused' : `error ${code}: ${message}`
    } finally {
      await client.query('rollback')
      client.release()
    }
  }

  /** A workspace of the person's own; gives its id. */
  async foundWorkspace(person: Person): Promise<string> {
    const id = newId()
    await this.owner.query(
      `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Own', $2) returning id)
       insert into workspace_members (workspace_id, user_id, role) select id, $2, 'owner' from founded`,
      [id, ids[person]],
    )
    return id
  }

  async stop(): Promise<void> {
    await this.api.end()
    await this.owner.end()
    await this.drop()
  }
}
