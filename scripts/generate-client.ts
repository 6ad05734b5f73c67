// Writes client/src/api.ts from the OpenAPI document; `--verify` fails where the committed file is not current.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { apiDocument } from './openapi-document.ts'

const client = path.join(import.meta.dirname, '../client')
const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-client-'))
try {
  const document = path.join(folder, 'openapi.json')
  writeFileSync(document, apiDocument())
  const generator = path.join(client, 'node_modules/openapi-typescript/bin/cli.js')
  const options = ['--output', 'src/api.ts', '--default-non-nullable', 'false']
  const check = process.argv.includes('--verify') ? ['--check'] : []
  const { status } = spawnSync(process.execPath, [generator, document, ...options, ...check], {
    cwd: client,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) console.error('client/src/api.ts is not current: node scripts/generate-client.ts')
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
