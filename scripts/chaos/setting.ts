import { createPool, type Pool } from '@mdcreator/db/database'
import { migrate } from '@mdcreator/db/migrate'
import { type RedisServer, startRedis } from '@mdcreator/shared/testing-redis'
import { CollabProcess } from './collab-process.ts'
import { createWorkspace, type Workspace } from './members.ts'
import { PostgresProcess } from './postgres-process.ts'

export type Size = {
  members: number
  documents: number
  servers?: number
  /** More variables and options of Node for the servers. */
  environment?: NodeJS.ProcessEnv
  nodeOptions?: string[]
}

/** Everything that two collab servers need, each part of which can be killed and started again. */
export class Setting {
  readonly postgres: PostgresProcess
  readonly redis: RedisServer
  readonly servers: CollabProcess[]
  readonly pool: Pool
  readonly workspace: Workspace

  private constructor(parts: Pick<Setting, 'postgres' | 'redis' | 'servers' | 'pool' | 'workspace'>) {
    this.postgres = parts.postgres
    this.redis = parts.redis
    this.servers = parts.servers
    this.pool = parts.pool
    this.workspace = parts.workspace
  }

  static async start({ servers: count = 2, environment = {}, nodeOptions = [], ...size }: Size): Promise<Setting> {
    const [postgres, redis] = await Promise.all([PostgresProcess.start(), startRedis()])
    const { url } = postgres
    await migrate(url)
    const pool = createPool({ url, size: 2 })
    pool.on('error', () => {})
    const workspace = await createWorkspace({ url, pool }, size)
    const variables = {
      DATABASE_URL: url,
      REDIS_URL: redis.config.url,
      REDIS_PREFIX: redis.config.prefix,
      // Everybody comes from one address here.
      COLLAB_SOCKETS_PER_ADDRESS: '20000',
      ...environment,
    }
    const servers = await Promise.all(Array.from({ length: count }, () => CollabProcess.start(variables, nodeOptions)))
    return new Setting({ postgres, redis, servers, pool, workspace })
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url)
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.stop()))
    await this.pool.end()
    await Promise.all([this.postgres.stop(), this.redis.stop()])
  }
}
