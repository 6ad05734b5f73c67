import { pendingMigrations } from '@mdcreator/db/migrate'
import type { Check } from './http/health.ts'

/**
 * Rejects while migrations are pending. Once there are none it stops asking: asking opens connections of its own, and a
 * server that met its schema keeps it.
 */
export function migrationsCheck(url: string): Check {
  let isCurrent = false
  return async () => {
    if (isCurrent) return
    const pending = await pendingMigrations(url)
    if (pending.length > 0) throw new Error(`pending migrations: ${pending.join(', ')}`)
    isCurrent = true
  }
}
