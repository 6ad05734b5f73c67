// One embedded cluster per test run, with a migrated template database that each test file clones.
import pg from 'pg'
import type { EmbeddedPostgres } from './embedded.ts'
import { migrate } from './migrate.ts'
import { startTemporaryPostgres, templateName, testClusterVariable } from './testing.ts'

let postgres: Pick<EmbeddedPostgres, 'url' | 'stop'>

export async function mochaGlobalSetup(): Promise<void> {
  postgres = await startTemporaryPostgres()
  const admin = new pg.Client(postgres.url)
  await admin.connect()
  await admin.query(`create database ${templateName}`)
  await admin.end()
  const url = new URL(postgres.url)
  url.pathname = `/${templateName}`
  await migrate(url.href)
  process.env[testClusterVariable] = postgres.url
}

export async function mochaGlobalTeardown(): Promise<void> {
  await postgres.stop()
}
