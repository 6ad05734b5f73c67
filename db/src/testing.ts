import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { startEmbeddedPostgres } from './embedded.ts'

export const testClusterVariable = 'MDCREATOR_TEST_CLUSTER'
export const templateName = 'mdcreator_template'

export type TestDatabase = { url: string; drop(): Promise<void> }

/** A new folder that PostgreSQL can live in: root lends the cluster to another user, who must be able to pass through. */
export function makeDataDir(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-test-'))
  chmodSync(folder, 0o711)
  return folder
}

/** A cluster in a temporary folder, without fsync; `stop()` deletes it. */
export async function startTemporaryPostgres({
  durable = false,
} = {}): Promise<{ url: string; stop(): Promise<void> }> {
  const folder = makeDataDir()
  const postgres = await startEmbeddedPostgres(path.join(folder, 'postgres'), { durable })
  return {
    url: postgres.url,
    async stop() {
      await postgres.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A database of its own, with every migration applied, cloned from the template of the running tests. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const cluster = process.env[testClusterVariable]
  if (!cluster) throw new Error('No test cluster: run the tests with mocha from the root of the repository')
  const name = `test_${randomBytes(8).toString('hex')}`
  await onCluster(cluster, `create database ${name} template ${templateName} strategy file_copy`)
  const url = new URL(cluster)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => onCluster(cluster, `drop database ${name} with (force)`) }
}

async function onCluster(url: string, statement: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
