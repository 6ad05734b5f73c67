import { type Action, can, type Role, roles } from '@mdcreator/shared/roles'
import { type Person, people } from './world.ts'

/** A statement, and who may do it: those whom the permission matrix allows, and single persons besides. */
export type Try = { sql: string; may: readonly Person[] }

export type Expectation = {
  /** Who sees the row of the world, by the condition that finds it. */
  select: { where?: string; may: readonly Person[] }
  insert?: Try
  update?: Try
  delete?: Try
  /** The columns that the API may change at all. */
  columns?: string[]
  /** Those that it may not even read. */
  secrets?: string[]
}

const nobody: readonly Person[] = []
const everybody: readonly Person[] = people
/** Members whose role allows the action. */
const by = (action: Action): readonly Person[] => roles.filter((role: Role) => can(role, action))
const hidden: Expectation = { select: { may: nobody } }

const file = `'a.png', 'image/png', 1, '${'b'.repeat(64)}'`

/** What each table of the schema shows and takes through the API's role. A table without an entry fails the test. */
export const expectations: Record<string, Expectation> = {
  users: {
    select: { where: `id = ':editor'`, may: by('member.read') },
    update: { sql: `update users set display_name = 'x' where id = ':editor'`, may: ['editor'] },
    columns: ['display_name', 'avatar_url'],
    secrets: ['password_hash', 'issuer', 'subject'],
  },
  sessions: {
    select: { may: ['editor'] },
    secrets: ['refresh_token_hash', 'previous_token_hash'],
  },
  authorization_codes: hidden,
  email_codes: hidden,
  signing_keys: { select: { may: everybody }, secrets: ['private_jwk'] },
  personal_access_tokens: {
    select: { may: ['editor'] },
    insert: {
      sql: `insert into personal_access_tokens (user_id, name, token_hash, last_four, scopes)
        values (':editor', 'x', sha256('x'), 'abcd', '{documents:read}')`,
      may: ['editor'],
    },
    update: { sql: 'update personal_access_tokens set last_used_at = now()', may: ['editor'] },
    delete: { sql: 'delete from personal_access_tokens', may: ['editor'] },
    columns: ['last_used_at'],
    secrets: ['token_hash'],
  },
  workspaces: {
    select: { may: by('workspace.read') },
    insert: { sql: `insert into workspaces (id, name, created_by) values (':new', 'x', ':me')`, may: everybody },
    update: { sql: `update workspaces set name = 'x' where id = ':workspace'`, may: by('workspace.update') },
    columns: ['name', 'deleted_at'],
  },
  workspace_members: {
    select: { may: by('member.read') },
    update: {
      sql: `update workspace_members set role = 'viewer' where user_id = ':viewer'`,
      may: by('member.update'),
    },
    delete: {
      sql: `delete from workspace_members where user_id = ':commenter'`,
      may: [...by('member.remove'), 'commenter'],
    },
    columns: ['role'],
  },
  invitations: {
    select: { may: by('invitation.read') },
    insert: {
      sql: `insert into invitations (workspace_id, email, role, token_hash, invited_by) values (':workspace', 'x', 'viewer', 'y', ':me')`,
      may: by('invitation.create'),
    },
    update: { sql: 'update invitations set revoked_at = now()', may: by('invitation.delete') },
    columns: ['revoked_at'],
    secrets: ['token_hash'],
  },
  documents: {
    select: { may: by('document.read') },
    insert: {
      sql: `insert into documents (workspace_id, title, created_by) values (':workspace', 'x', ':me')`,
      may: by('document.create'),
    },
    update: { sql: `update documents set title = 'x'`, may: by('document.write') },
    columns: ['title', 'updated_by', 'deleted_at', 'workspace_id'],
    secrets: ['yjs_state', 'epoch', 'folded_ids', 'client_owners'],
  },
  document_tickets: {
    select: { may: nobody },
    insert: {
      sql: `insert into document_tickets (ticket_hash, document_id, user_id, session_id, expires_at, ends_at)
        values (sha256('x'), ':document', ':editor', ':session', now(), now())`,
      may: ['editor'],
    },
  },
  document_updates: hidden,
  presence: {
    select: { may: by('document.read') },
    delete: { sql: 'delete from presence', may: ['editor'] },
  },
  document_versions: {
    select: { may: by('version.read') },
    insert: {
      sql: `insert into document_versions (document_id, workspace_id, title, content, created_by)
        values (':document', ':workspace', 'x', 'x', ':me')`,
      may: by('version.create'),
    },
  },
  document_bases: {
    select: { may: by('document.read') },
    insert: {
      sql: `insert into document_bases (document_id, workspace_id, content) values (':document', ':workspace', 'x')`,
      may: by('document.write'),
    },
    update: { sql: 'update document_bases set handed_out_at = now()', may: by('document.write') },
    columns: ['handed_out_at'],
  },
  comments: {
    select: { may: by('comment.read') },
    insert: {
      sql: `insert into comments (document_id, workspace_id, body, created_by) values (':document', ':workspace', 'x', ':me')`,
      may: by('comment.create'),
    },
    update: { sql: `update comments set resolved_at = now(), resolved_by = ':me'`, may: by('comment.resolve') },
    columns: ['body', 'resolved_at', 'resolved_by', 'deleted_at'],
  },
  comment_reactions: {
    select: { may: by('comment.read') },
    insert: {
      sql: `insert into comment_reactions (comment_id, user_id, emoji, workspace_id) values (':comment', ':me', 'x', ':workspace')`,
      may: by('comment.create'),
    },
    delete: { sql: 'delete from comment_reactions', may: ['commenter'] },
  },
  attachments: {
    select: { may: by('attachment.read') },
    insert: {
      sql: `insert into attachments (workspace_id, document_id, filename, content_type, size, sha256, storage_key, created_by)
        values (':workspace', ':document', ${file}, 'x', ':me')`,
      may: by('attachment.create'),
    },
    update: { sql: 'update attachments set deleted_at = now()', may: by('attachment.delete') },
    columns: ['completed_at', 'deleted_at'],
  },
  context_files: {
    select: { may: by('context-file.read') },
    insert: {
      sql: `insert into context_files (workspace_id, filename, content_type, size, content_hash, storage, created_by)
        values (':workspace', ${file}, 'local', ':me')`,
      may: by('context-file.create'),
    },
    update: { sql: 'update context_files set deleted_at = now()', may: by('context-file.delete') },
    columns: ['storage', 'storage_key', 'completed_at', 'deleted_at'],
  },
  mindmaps: {
    select: { may: by('document.read') },
    insert: {
      sql: `insert into mindmaps (document_id, workspace_id) values (':map', ':workspace')`,
      may: by('document.create'),
    },
  },
  api_keys: {
    select: { may: ['editor'] },
    insert: {
      sql: `insert into api_keys (user_id, provider, ciphertext, nonce, key_id, last_four)
        values (':editor', 'x', decode(repeat('00', 20), 'hex'), decode(repeat('00', 12), 'hex'), 'k', 'abcd')`,
      may: ['editor'],
    },
    update: { sql: `update api_keys set last_four = 'wxyz'`, may: ['editor'] },
    delete: { sql: 'delete from api_keys', may: ['editor'] },
    columns: ['ciphertext', 'nonce', 'key_id', 'last_four', 'last_used_at'],
  },
  usage_metrics: {
    select: { may: ['editor', ...by('usage.read')] },
    insert: {
      sql: `insert into usage_metrics (user_id, workspace_id, kind, provider, model, key_owner)
        values (':me', ':workspace', 'ai.generate', 'x', 'x', 'user')`,
      may: by('workspace.read'),
    },
    update: { sql: `update usage_metrics set status = 'completed'`, may: ['editor'] },
    columns: ['model', 'status', 'input_tokens', 'output_tokens', 'settled_at'],
  },
  usage_days: { select: { may: ['editor', ...by('usage.read')] } },
  sync_log: { select: { where: 'audience is null', may: by('workspace.read') } },
  client_mutations: {
    select: { may: ['editor'] },
    insert: {
      sql: `insert into client_mutations (user_id, device_id, last_mutation_id) values (':editor', 'phone', 1)`,
      may: ['editor'],
    },
    update: { sql: 'update client_mutations set last_mutation_id = 2', may: ['editor'] },
    columns: ['last_mutation_id'],
  },
  // Everybody signs for what they did, and for nobody else.
  audit_log: {
    select: { may: by('audit.read') },
    insert: { sql: `insert into audit_log (action, actor_id) values ('a.b', ':me')`, may: everybody },
  },
  idempotency_keys: {
    select: { may: ['editor'] },
    insert: {
      sql: `insert into idempotency_keys (user_id, key, fingerprint, status) values (':editor', 'y', sha256('y'), 201)`,
      may: ['editor'],
    },
    // Those that are too old, so that the key may be used again.
    delete: { sql: 'delete from idempotency_keys', may: ['editor'] },
  },
  document_search: hidden,
  search_queue: hidden,
}
