// Writes db/src/types.ts from the live schema; `--verify` fails where the committed file is not current.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'

const root = path.join(import.meta.dirname, '..')
const postgres = await startTemporaryPostgres()
try {
  await migrate(postgres.url)
  const generator = path.join(root, 'db/node_modules/kysely-codegen/dist/cli/bin.js')
  const { status } = spawnSync(
    process.execPath,
    [
      generator,
      ...['--dialect', 'postgres', '--url', postgres.url, '--out-file', 'db/src/types.ts'],
      ...['--exclude-pattern', 'public.kysely_*', '--type-mapping', '{"int8":"number"}', '--log-level', 'error'],
      ...process.argv.slice(2).filter((arg) => arg === '--verify'),
    ],
    { cwd: root, stdio: 'inherit' },
  )
  process.exitCode = status ?? 1
} finally {
  await postgres.stop()
}
