import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createDatabase, type Database } from '@mdcreator/db/database'
import { createTestDatabase } from '@mdcreator/db/testing'
import { MemoryBus } from '@mdcreator/shared/bus/memory'
import type { EventPayload } from '@mdcreator/shared/bus/messages'
import { type Config, loadConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { createLogger } from '@mdcreator/shared/log'
import { Registry } from '@mdcreator/shared/metrics'
import type { Role } from '@mdcreator/shared/roles'
import { type AppDeps, createApp } from './app.ts'
import { RateLimits } from './http/rate-limit.ts'
import { closeHttpServer, createHttpServer, listen } from './http/server.ts'
import { createMailer } from './mail/index.ts'
import { contractOf } from './testing-contract.ts'

// For tests only: a server on a database of its own, and what most tests start from.

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers that they have not checked yet
export type Json = any

export type Answer = { status: number; headers: Headers; body: Json; text: string }

export type RequestOptions = {
  token?: string | undefined
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  raw?: string | Uint8Array
  headers?: Record<string, string>
}

export type TestApi = {
  /** `http://127.0.0.1:<port>` */
  origin: string
  /** The connection string of the database's owner, who sees everything. */
  databaseUrl: string
  owner: Database
  config: Config
  bus: MemoryBus
  /**
   * `path` is below /api/v1, or at the root where it starts with `//`.
   * @throws Error where the answer is not what the OpenAPI document declares
   */
  request(method: string, path: string, options?: RequestOptions): Promise<Answer>
  /** The mails to an address, as they went out (RFC 5322), the oldest first. */
  mailsTo(address: string): Promise<string[]>
  stop(): Promise<void>
}

export const testIssuer = 'http://mdcreator.test'

/** The API on a port of its own, with an empty database. `environment` is added to what configures it. */
export async function startApi(
  overrides: Partial<AppDeps> = {},
  environment: Record<string, string> = {},
): Promise<TestApi> {
  const database = await createTestDatabase()
  const dataDir = mkdtempSync(path.join(tmpdir(), 'mdcreator-api-'))
  const config = loadConfig({
    ...{ ENV: 'test', PUBLIC_URL: testIssuer, PORT: '0', CORS_ORIGINS: 'https://app.example.com', DATA_DIR: dataDir },
    // All tests come from one address, and faster than anybody.
    RATE_LIMIT_PER_MINUTE: '1000000',
    ...environment,
  })
  const owner = createDatabase({ url: database.url, size: 2 })
  const { stop, ...api } = await startServer({ databaseUrl: database.url, config, owner }, overrides)
  return {
    ...api,
    stop: async () => {
      await stop()
      await owner.destroy()
      await database.drop()
      rmSync(dataDir, { recursive: true })
    },
  }
}

/** Another server on the database of the first, with a configuration and a memory of its own. */
export function startAnother(
  { databaseUrl, owner, config }: TestApi,
  overrides: Partial<AppDeps> = {},
): Promise<TestApi> {
  return startServer({ databaseUrl, owner, config: overrides.config ?? config }, overrides)
}

async function startServer(
  { databaseUrl, owner, config }: Pick<TestApi, 'databaseUrl' | 'owner' | 'config'>,
  overrides: Partial<AppDeps>,
): Promise<TestApi> {
  const log = createLogger('silent')
  const db = overrides.db ?? createDatabase({ url: databaseUrl, role: 'mdcreator_api' })
  const bus = new MemoryBus(log)
  const mailer = createMailer(config, log)
  const limits = new RateLimits(config.redis, log)
  const registry = new Registry()
  const server = createHttpServer(createApp({ config, log, db, bus, mailer, limits, registry, ...overrides }))
  const origin = `http://127.0.0.1:${await listen(server, { host: '127.0.0.1', port: 0 })}`
  let contract: ReturnType<typeof contractOf> | undefined
  return {
    ...{ origin, databaseUrl, owner, config, bus },
    request: async (method, path, options) => {
      contract ??= contractOf(origin)
      const answer = await send(origin, method, path, options)
      const checked = await contract
      checked.check(method, path.startsWith('//') ? path.slice(1) : `/api/v1${path}`, answer)
      return answer
    },
    mailsTo: async (address) => {
      await mailer.idle()
      const mails = readOutbox(path.join(config.dataDir, 'outbox'))
      return mails.filter((mail) => mail.split(/\r?\n/).includes(`To: ${address}`))
    },
    stop: async () => {
      await closeHttpServer(server, 0)
      await mailer.close()
      await limits.close()
      await db.destroy()
    },
  }
}

function readOutbox(folder: string): string[] {
  if (!existsSync(folder)) return []
  const files = readdirSync(folder).sort()
  return files.map((file) => readFileSync(path.join(folder, file), 'utf8'))
}

async function send(origin: string, method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const { token, body, raw, headers = {} } = options
  const url = path.startsWith('//') ? origin + path.slice(1) : `${origin}/api/v1${path}`
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body))
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(content !== undefined && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(content !== undefined && { body: content as BodyInit }),
  })
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.includes('json') ?? false
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text ? JSON.parse(text) : undefined,
  }
}

export const testPassword = 'Passw0rd!'

export type TestUser = { id: string; email: string; token: string; refreshToken: string }

/** A new user, signed in. */
export async function signUp(api: TestApi, name = 'Ada Lovelace'): Promise<TestUser> {
  const email = `${newId()}@example.com`
  const answer = await api.request('POST', '/auth/signup', {
    body: { email, password: testPassword, display_name: name },
  })
  const { user, access_token, refresh_token } = expectStatus(answer, 201).body
  return { id: user.id, email, token: access_token, refreshToken: refresh_token }
}

/** A new workspace of the user; gives its body. */
export async function createWorkspace(api: TestApi, user: TestUser, name = 'Field notes'): Promise<Json> {
  return expectStatus(await api.request('POST', '/workspaces', { token: user.token, body: { name } }), 201).body
}

/** A new document; gives its body. */
export async function createDocument(
  api: TestApi,
  user: TestUser,
  workspaceId: string,
  document: object = { title: 'Test Document', content: '# Hello World' },
): Promise<Json> {
  const path = `/workspaces/${workspaceId}/documents`
  return expectStatus(await api.request('POST', path, { token: user.token, body: document }), 201).body
}

/** Makes the user a member, past the API, which cannot invite yet. */
export async function addMember(api: TestApi, workspaceId: string, user: TestUser, role: Role): Promise<void> {
  await api.owner
    .insertInto('workspace_members')
    .values({ workspace_id: workspaceId, user_id: user.id, role })
    .execute()
}

/** For a `describe`: the API of `startApi`, there from its tests on; so are those who use it, below. */
export function testApi(...options: Parameters<typeof startApi>): TestApi {
  const api = {} as TestApi
  before(async () => {
    Object.assign(api, await startApi(...options))
  })
  after(() => api.stop())
  return api
}

/** For a `describe`: a new user, signed in. */
export function testUser(api: TestApi, name?: string): TestUser {
  const user = {} as TestUser
  before(async () => {
    Object.assign(user, await signUp(api, name))
  })
  return user
}

/** For a `describe`: the body of a new workspace of the user. */
export function testWorkspace(api: TestApi, user: TestUser): Json {
  const workspace: Json = {}
  before(async () => {
    Object.assign(workspace, await createWorkspace(api, user))
  })
  return workspace
}

export type AccessChange = EventPayload<'access.changed'>

/** What is announced from now on, in order. */
export function recordChanges(api: TestApi): AccessChange[] {
  const changes: AccessChange[] = []
  api.bus.subscribe('access.changed', (change) => void changes.push(change))
  return changes
}

function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`)
  return answer
}
