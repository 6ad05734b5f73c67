// Lint, types, unused code, the OpenAPI document, and what is generated from the schema: what CI checks before the tests. `npm run check`.
import { spawnSync } from 'node:child_process'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..')
const checks = {
  lint: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings'],
  types: ['node_modules/typescript/bin/tsc', '--noEmit'],
  'unused code': ['node_modules/knip/bin/knip.js'],
  'OpenAPI document': ['scripts/openapi-document.ts'],
  'client types': ['scripts/generate-client.ts', '--verify'],
  'database types': ['scripts/generate-types.ts', '--verify'],
  'entity-relationship diagram': ['scripts/generate-erd.ts', '--verify'],
}

for (const [name, args] of Object.entries(checks)) {
  const started = performance.now()
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  console.log(`${name}: ${status === 0 ? 'ok' : 'failed'} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
  if (status !== 0) process.exit(status ?? 1)
}
