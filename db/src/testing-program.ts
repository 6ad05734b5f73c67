import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type RedisServer, requireRedis, startRedis } from '@mdcreator/shared/testing-redis'
import { createTestDatabase, type TestDatabase } from './testing.ts'

type Environment = Record<string, string>

/** Makes a program reject a promise that nobody waits for, at SIGUSR2. */
const strayRejections = `--import=data:text/javascript,${encodeURIComponent(
  `process.on('SIGUSR2', () => void Promise.reject(new Error('stray')))`,
)}`

/**
 * For a `describe`: a database, a Redis, and how to start a program as its users do. `environment` is all that it finds in
 * its own besides those two and PATH.
 */
export function programWorld(file: string, environment: Environment) {
  const world = {} as { database: TestDatabase; redis: RedisServer }
  const children: ChildProcess[] = []
  before(async function () {
    requireRedis(this)
    world.database = await createTestDatabase()
    world.redis = await startRedis()
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await world.redis?.stop()
    await world.database?.drop()
  })

  function spawnOne(more: Environment) {
    const child = spawn(process.execPath, [file], {
      env: {
        ...{ PATH: process.env['PATH'], NODE_OPTIONS: strayRejections },
        ...{ DATABASE_URL: world.database.url, REDIS_URL: world.redis.config.url },
        ...environment,
        ...more,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    children.push(child)
    return child
  }

  function start(more: Environment = {}) {
    const child = spawnOne(more)
    const lines = createInterface(child.stderr)[Symbol.asyncIterator]()
    const said: string[] = []
    return {
      /** Everything it has said so far, as far as it was waited for. */
      said,
      /** Resolves to the next entry of its log that holds this. */
      async says(words: string): Promise<Record<string, unknown>> {
        for (;;) {
          const { value, done } = await lines.next()
          if (done) throw new Error(`It ended without saying "${words}":\n${said.join('\n')}`)
          said.push(value)
          if (value.includes(words)) return JSON.parse(value)
        }
      },
      reject: () => child.kill('SIGUSR2'),
      /** Lets it do nothing, until it is to go on. */
      freeze: () => child.kill('SIGSTOP'),
      thaw: () => child.kill('SIGCONT'),
      /** Resolves to its exit code and the signal that ended it. */
      async terminate(): Promise<unknown[]> {
        const ended = once(child, 'exit')
        child.kill('SIGTERM')
        for (let line = await lines.next(); !line.done; line = await lines.next()) said.push(line.value)
        return ended
      },
    }
  }

  /** Of one that ends by itself. */
  async function outcome(more: Environment = {}): Promise<{ code: number; stderr: string }> {
    const child = spawnOne(more)
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const [code] = await once(child, 'close')
    return { code, stderr }
  }

  return Object.assign(world, { start, outcome })
}
export type ProgramWorld = ReturnType<typeof programWorld>
