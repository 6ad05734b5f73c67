// A server of its own with one person in one document, for tests that kill it.
import { createLogger } from '../log.ts'
import type { PresentConnection } from './presence.ts'
import { RedisPresence } from './redis.ts'

const [config, connection] = process.argv.slice(2).map((argument) => JSON.parse(argument))
const store = new RedisPresence(config, createLogger('silent'))
store.join({ ...connection, since: new Date(connection.since) } satisfies PresentConnection)
process.stdin.resume().on('end', () => process.exit())
