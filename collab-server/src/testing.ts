import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { createDatabase, createPool, type Pool } from '@mdcreator/db/database'
import { createTestDatabase } from '@mdcreator/db/testing'
import { tokenVerifier } from '@mdcreator/db/token-verifier'
import type { Bus } from '@mdcreator/shared/bus/bus'
import { createBus } from '@mdcreator/shared/bus/create'
import { type CollabLimits, loadConfig, type RedisConfig } from '@mdcreator/shared/config'
import { newId } from '@mdcreator/shared/ids'
import { localAudience } from '@mdcreator/shared/local-tokens'
import { createLogger } from '@mdcreator/shared/log'
import type { Role } from '@mdcreator/shared/roles'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { createMetrics, type Metrics } from './metrics.ts'
import { type Collab, type CollabDependencies, createCollab } from './server.ts'
import { refuse, serverOptions } from './socket/upgrade.ts'

const issuer = 'http://localhost:8000'
const keys = await generateKeyPair('ES256', { extractable: true })

export type TestServer = { collab: Collab; bus: Bus; metrics: Metrics; url: string; stop(): Promise<void> }

/** `redis` joins the server to others; `limits` overrides some of the configured ones. */
export type TestServerOptions = Partial<CollabDependencies> & {
  redis?: RedisConfig
  limits?: Partial<CollabLimits>
}
export type Person = { id: string; name: string; token: string }

/** A database of its own with everything a collab server needs, and the servers and clients that a test starts on it. */
export async function startWorld() {
  const database = await createTestDatabase()
  const owner = createPool({ url: database.url, size: 4 })
  const publicJwk = { ...(await exportJWK(keys.publicKey)), kid: 'test', alg: 'ES256', use: 'sig' }
  const privateJwk = await exportJWK(keys.privateKey)
  await owner.query('insert into signing_keys (kid, public_jwk, private_jwk) values ($1, $2, $3)', [
    'test',
    publicJwk,
    privateJwk,
  ])
  const workspaceOwner = await createPerson(owner, 'Owner')
  const workspaceId = await foundWorkspace(owner, workspaceOwner)
  const servers: TestServer[] = []
  const clients: Client[] = []
  return {
    owner,
    databaseUrl: database.url,
    workspaceId,
    /** A collab server on a port of its own; `databaseUrl` may lead through a proxy. */
    async server(options: TestServerOptions = {}): Promise<TestServer> {
      const server = await startServer({ databaseUrl: database.url, ...options })
      servers.push(server)
      return server
    },
    async person(name: string, role: Role | null = 'editor'): Promise<Person> {
      const person = await createPerson(owner, name)
      if (role) await owner.query('insert into workspace_members values ($1, $2, $3)', [workspaceId, person.id, role])
      return person
    },
    /** Another one; gives its id. */
    workspace: (founder: Person): Promise<string> => foundWorkspace(owner, founder),
    async document(content = ''): Promise<string> {
      const id = newId()
      await owner.query(
        'insert into documents (id, workspace_id, title, content, created_by) values ($1, $2, $3, $4, $5)',
        [...[id, workspaceId, 'Test Document', content, workspaceOwner.id]],
      )
      return id
    },
    /** `document` is what the client has already. */
    connect(
      server: Pick<TestServer, 'url'>,
      documentId: string,
      token: string | (() => string),
      document = new Y.Doc(),
    ): Client {
      const client = connect(server.url, documentId, token, document)
      clients.push(client)
      return client
    },
    async row(documentId: string) {
      const { rows } = await owner.query('select * from documents where id = $1', [documentId])
      return rows[0]
    },
    async logRows(documentId: string) {
      const { rows } = await owner.query('select * from document_updates where document_id = $1 order by id', [
        documentId,
      ])
      return rows
    },
    async stop(): Promise<void> {
      for (const client of clients) client.close()
      // One that was stopped by its test has said there how that ended.
      await Promise.allSettled(servers.map((server) => server.stop()))
      await owner.end()
      await database.drop()
    },
  }
}
export type World = Awaited<ReturnType<typeof startWorld>>

async function createPerson(owner: Pool, name: string): Promise<Person> {
  const id = newId()
  await owner.query('insert into users (id, subject, email, display_name) values ($1, $2, $3, $4)', [
    id,
    id,
    `${id}@test.example`,
    name,
  ])
  return { id, name, token: await signToken({ sub: id }) }
}

async function foundWorkspace(owner: Pool, founder: Person): Promise<string> {
  const id = newId()
  await owner.query(
    `with founded as (insert into workspaces (id, name, created_by) values ($1, 'Test Workspace', $2) returning id)
     insert into workspace_members (workspace_id, user_id, role) select id, $2, 'owner' from founded`,
    [id, founder.id],
  )
  return id
}

/** An access token as the local issuer makes it, or as a claim says otherwise. */
export function signToken(claims: {
  sub: string
  aud?: string
  iss?: string
  exp?: number
  token_use?: string
  sid?: string
}): Promise<string> {
  return new SignJWT({ token_use: 'access', aud: localAudience, iss: issuer, ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'test' })
    .setIssuedAt()
    .setExpirationTime(claims.exp ?? '1h')
    .sign(keys.privateKey)
}

async function startServer({
  redis,
  limits,
  ...options
}: TestServerOptions & { databaseUrl: string }): Promise<TestServer> {
  const log = createLogger('silent')
  const bus = createBus(redis ?? null, log)
  const metrics = createMetrics()
  const db = createDatabase({ url: options.databaseUrl, role: 'mdcreator_collab', size: 1 })
  const defaults = loadConfig({})
  const config = {
    ...{ ...defaults, databasePoolSize: 4, redis: redis ?? null, collab: { ...defaults.collab, ...limits } },
  }
  const verifier = tokenVerifier({ db, config: { issuer, auth: config.auth } })
  const collab = createCollab({ config, log, bus, metrics, verifier, ...options })
  const http: Server = createServer(serverOptions)
  http.on('upgrade', (request, socket, head) => {
    if (!collab.handleUpgrade(request, socket, head)) refuse(socket, 404)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  let stopped: Promise<void> | undefined
  const stop = async (): Promise<void> => {
    http.close()
    await collab.stop().finally(() => Promise.all([bus.close(), db.destroy()]))
  }
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/collab`
  return { collab, bus, metrics, url, stop: () => (stopped ??= stop()) }
}

export type Client = ReturnType<typeof connect>

/** A real HocuspocusProvider on a socket of its own. */
function connect(url: string, documentId: string, token: string | (() => string), document: Y.Doc) {
  const closes: number[] = []
  const failures: string[] = []
  const websocket = new HocuspocusProviderWebsocket({
    url,
    delay: 50,
    minDelay: 50,
    maxDelay: 200,
    onClose: ({ event }) => closes.push(event.code),
  })
  const provider = new HocuspocusProvider({ websocketProvider: websocket, name: documentId, document, token })
  provider.on('authenticationFailed', ({ reason }: { reason: string }) => failures.push(reason))
  provider.attach()
  const text = document.getXmlFragment('default')
  return {
    provider,
    websocket,
    document,
    /** The codes that its sockets were closed with, and the reasons it was refused for. */
    closes,
    failures,
    /** Resolves when everything of both sides is acknowledged. */
    synced: () => until(() => provider.synced && provider.unsyncedChanges === 0),
    closed: () => until(() => closes.length > 0),
    /** Adds a paragraph at the end. */
    type(words: string): void {
      const paragraph = new Y.XmlElement('paragraph')
      paragraph.insert(0, [new Y.XmlText(words)])
      text.push([paragraph])
    },
    words: (): string =>
      text
        .toString()
        .replace(/<[^>]*>/g, ' ')
        .trim(),
    close(): void {
      // A socket that waits to connect again does so even after destroy() (provider 4.7).
      websocket.connect = async () => {}
      provider.destroy()
      websocket.destroy()
    },
  }
}

/** Waits until something holds that other processes bring about; the test's own time limit ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A bare socket, for what no provider would send. */
export async function openSocket(url: string, headers: Record<string, string> = {}) {
  const ws = new WebSocket(url, { headers })
  const closed = new Promise<number>((resolve) => ws.on('close', resolve))
  ws.on('error', () => {})
  const opened = new Promise<boolean>((resolve) => {
    ws.on('open', () => resolve(true))
    ws.on('close', () => resolve(false))
  })
  return { ws, closed, isOpen: await opened }
}
