// The OpenAPI document as every server publishes it. `lint` runs Redocly's rules over it.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openApiDocument } from '@mdcreator/api-server/http/openapi'
import { listEndpoints } from '@mdcreator/api-server/testing-endpoints'

export const apiDocument = (): string => `${JSON.stringify(openApiDocument(listEndpoints(), '/'), null, 2)}\n`

/** The exit code. */
function lint(): number {
  const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-openapi-'))
  try {
    const file = path.join(folder, 'openapi.json')
    writeFileSync(file, apiDocument())
    const redocly = path.join(import.meta.dirname, 'node_modules/@redocly/cli/bin/cli.js')
    const rules = path.join(import.meta.dirname, 'redocly.yaml')
    const { status } = spawnSync(process.execPath, [redocly, 'lint', file, '--config', rules], {
      stdio: ['ignore', 'inherit', 'inherit'],
      // It asks nobody about its version, and tells nobody what it did.
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    })
    return status ?? 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (import.meta.main) process.exitCode = lint()
