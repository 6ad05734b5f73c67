import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Logger } from '@mdcreator/shared/log'
import { retrying } from '@mdcreator/shared/retry'
import { UserError } from '@mdcreator/shared/user-error'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, type MigrationProvider, Migrator, NO_MIGRATIONS } from 'kysely/migration'
import { createPool } from './database.ts'
import { explainDatabaseError } from './explain-error.ts'
import { databasePatience } from './patience.ts'

const folder = path.join(import.meta.dirname, '../migrations')

/** How long a server that starts waits for migrations that are made beside it. */
const migrationsMs = 5_000

/** Migrations are pairs of plain SQL files: 0001_name.up.sql and 0001_name.down.sql. */
class SqlFiles implements MigrationProvider {
  async getMigrations(): Promise<Record<string, Migration>> {
    const names = (await readdir(folder))
      .filter((file) => file.endsWith('.up.sql'))
      .map((file) => file.slice(0, -'.up.sql'.length))
    const run = (file: string): Migration['up'] => {
      return async (db) => {
        await sql.raw(await readFile(path.join(folder, file), 'utf8')).execute(db)
      }
    }
    return Object.fromEntries(
      names.sort().map((name) => [name, { up: run(`${name}.up.sql`), down: run(`${name}.down.sql`) }]),
    )
  }
}

/**
 * Brings the schema to the newest version, or (`down`) to nothing. Several servers may call it at once: one does it,
 * the others wait. Returns the names of the migrations that ran.
 * @throws UserError where the database cannot be reached or refuses us
 */
export async function migrate(url: string, direction: 'up' | 'down' = 'up'): Promise<string[]> {
  return withMigrator(url, async (migrator) => {
    const { error, results = [] } =
      direction === 'up' ? await migrator.migrateToLatest() : await migrator.migrateTo(NO_MIGRATIONS)
    if (error) throw error
    return results.map((result) => result.migrationName)
  })
}

/** The names of the migrations that have not run yet. */
export async function pendingMigrations(url: string): Promise<string[]> {
  return withMigrator(url, async (migrator) => {
    const all = await migrator.getMigrations()
    return all.filter((migration) => !migration.executedAt).map((migration) => migration.name)
  })
}

/**
 * Resolves once the database is at the newest schema. Waits so long for a database that is away, and some seconds for
 * migrations that are made beside it.
 * @throws UserError where the database cannot be used, or still lacks migrations
 */
export function awaitMigrations({ url, log, awayMs }: { url: string; log: Logger; awayMs: number }): Promise<void> {
  return retrying(() => requireMigrations(url), databasePatience({ log, awayMs, otherMs: migrationsMs }))
}

async function requireMigrations(url: string): Promise<void> {
  const pending = await pendingMigrations(url)
  if (pending.length === 0) return
  throw new UserError(
    `The database lacks the migrations ${pending.join(', ')}: run \`node scripts/migrate.ts up\` first`,
  )
}

async function withMigrator<T>(url: string, work: (migrator: Migrator) => Promise<T>): Promise<T> {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: createPool({ url, size: 2 }) }) })
  try {
    return await work(new Migrator({ db, provider: new SqlFiles() }))
  } catch (error) {
    throw explainDatabaseError(error)
  } finally {
    await db.destroy()
  }
}
