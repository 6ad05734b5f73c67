import { type ChildProcess, spawn } from 'node:child_process'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createPool, type Pool } from '@mdcreator/db/database'
import { freePort } from '@mdcreator/db/embedded/ports'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'
import { newId } from '@mdcreator/shared/ids'
import type { Role } from '@mdcreator/shared/roles'
import { type RedisServer, startRedis } from '@mdcreator/shared/testing-redis'
import { CollabProcess } from './chaos/collab-process.ts'
import { endWithUs, exited } from './chaos/kill-hard.ts'

/** Somebody who has signed up; `sessionId` is of the token. */
export type Person = { id: string; name: string; token: string; sessionId: string }

const apiMain = path.join(import.meta.dirname, '../api-server/src/main.ts')
const readyMs = 30_000
const password = 'Passw0rd!'

/** A whole set-up as it is deployed: an API server and two collab servers in processes of their own, PostgreSQL, Redis. */
export class TwoServers {
  readonly redis: RedisServer
  readonly collab: [CollabProcess, CollabProcess]
  /** Of the database's owner. */
  readonly pool: Pool
  /** The `iss` of the tokens. */
  readonly issuer: string
  private readonly api: ChildProcess
  private readonly stopPostgres: () => Promise<void>

  private constructor(parts: Pick<TwoServers, 'redis' | 'collab' | 'pool' | 'issuer'> & Parts) {
    this.redis = parts.redis
    this.collab = parts.collab
    this.pool = parts.pool
    this.issuer = parts.issuer
    this.api = parts.api
    this.stopPostgres = parts.stopPostgres
  }

  /** Resolves when everything is ready. */
  static async start(): Promise<TwoServers> {
    const [postgres, redis, port] = await Promise.all([startTemporaryPostgres(), startRedis(), freePort()])
    await migrate(postgres.url)
    const issuer = `http://127.0.0.1:${port}`
    const environment = {
      PUBLIC_URL: issuer,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.config.url,
      REDIS_PREFIX: redis.config.prefix,
    }
    const [api, ...collab] = await Promise.all([
      startApi(port, environment),
      CollabProcess.start(environment),
      CollabProcess.start(environment),
    ])
    const pool = createPool({ url: postgres.url, size: 2 })
    return new TwoServers({ redis, collab, pool, issuer, api, stopPostgres: postgres.stop })
  }

  /**
   * `path` is below /api/v1; resolves to the body.
   * @throws Error where the answer is none of success
   */
  async request<T = unknown>(method: string, path: string, { token, body }: RequestOptions = {}): Promise<T> {
    const response = await fetch(`${this.issuer}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return (text && JSON.parse(text)) as T
  }

  async signUp(name: string): Promise<Person> {
    const body = { email: `${newId()}@example.com`, password, display_name: name }
    const { user, access_token } = await this.request<Signup>('POST', '/auth/signup', { body })
    const { sid } = JSON.parse(String(Buffer.from(String(access_token.split('.')[1]), 'base64url')))
    return { id: user.id, name, token: access_token, sessionId: sid }
  }

  /** Deletes the account of somebody. */
  async deleteAccount({ token }: Person): Promise<void> {
    await this.request('DELETE', '/users/me', { token, body: { password } })
  }

  /** Resolves to the id. */
  async createWorkspace({ token }: Person): Promise<string> {
    return (await this.request<{ id: string }>('POST', '/workspaces', { token, body: { name: 'Measured' } })).id
  }

  /** Resolves to the id. */
  async createDocument({ token }: Person, workspaceId: string): Promise<string> {
    const options = { token, body: { title: 'Measured' } }
    return (await this.request<{ id: string }>('POST', `/workspaces/${workspaceId}/documents`, options)).id
  }

  /** Makes somebody a member, past the API. */
  async addMember(workspaceId: string, { id }: Person, role: Role): Promise<void> {
    const statement = 'insert into workspace_members (workspace_id, user_id, role) values ($1, $2, $3)'
    await this.pool.query(statement, [workspaceId, id, role])
  }

  /** Starts Redis again; resolves when the API server has found it, and is heard. */
  async restartRedis(): Promise<void> {
    await this.redis.restart()
    await isReady(this.api, `${this.issuer}/readyz`)
  }

  async stop(): Promise<void> {
    const apiEnds = exited(this.api)
    this.api.kill('SIGTERM')
    await Promise.all([apiEnds, this.pool.end(), ...this.collab.map((server) => server.stop())])
    await Promise.all([this.redis.stop(), this.stopPostgres()])
  }
}

type Parts = { api: ChildProcess; stopPostgres: () => Promise<void> }
type RequestOptions = { token?: string; body?: unknown }
type Signup = { user: { id: string }; access_token: string }

async function startApi(port: number, environment: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const api = spawn(process.execPath, [apiMain], {
    env: { ...process.env, PORT: String(port), LOG_LEVEL: 'fatal', ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  endWithUs(api)
  await isReady(api, `http://127.0.0.1:${port}/readyz`)
  return api
}

async function isReady(api: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + readyMs
  while (performance.now() < deadline && api.exitCode === null) {
    const response = await fetch(url).catch(() => null)
    await response?.body?.cancel()
    if (response?.ok) return
    await delay(20)
  }
  throw new Error(`The API server is not ready (exit code ${api.exitCode})`)
}
