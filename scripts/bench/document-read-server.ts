import { createApp } from '@mdcreator/api-server/app'
import { RateLimits } from '@mdcreator/api-server/http/rate-limit'
import { createHttpServer, listen } from '@mdcreator/api-server/http/server'
import { createMailer } from '@mdcreator/api-server/mail/index'
import { createDatabase } from '@mdcreator/db/database'
import { MemoryBus } from '@mdcreator/shared/bus/memory'
import { loadConfig } from '@mdcreator/shared/config'
import { createLogger } from '@mdcreator/shared/log'
import { createRegistry } from '@mdcreator/shared/metrics'
import express from 'express'
import { importJWK, jwtVerify } from 'jose'

// One of the two servers that document-read.ts compares; it tells its port over IPC. Both on DATABASE_URL, ten connections.

const host = '127.0.0.1'

/** As it runs by default: every request logged, limited, under row-level security. */
async function startOurs(): Promise<number> {
  const config = loadConfig()
  const log = createLogger(config.logLevel)
  const db = createDatabase({ url: String(config.databaseUrl), role: 'mdcreator_api', log })
  const app = createApp({
    ...{ config, log, db, bus: new MemoryBus(log), mailer: createMailer(config, log) },
    limits: new RateLimits(config.redis, log),
    registry: createRegistry(),
  })
  return listen(createHttpServer(app), { host, port: 0 })
}

/** What a handler does at least: verify the token, read the row by its index, send it as JSON. */
async function startBare(): Promise<number> {
  const db = createDatabase({ url: String(process.env['DATABASE_URL']) })
  const row = await db.selectFrom('signing_keys').select('public_jwk').executeTakeFirstOrThrow()
  const key = await importJWK(row.public_jwk as Record<string, string>)
  const verify = (header = '') => jwtVerify(header.slice('Bearer '.length), key, { audience: 'mdcreator' })
  const columns = [
    ...(['id', 'workspace_id', 'title', 'doc_type', 'content_hash', 'yjs_clock', 'version', 'created_by'] as const),
    ...(['updated_by', 'created_at', 'updated_at', 'deleted_at'] as const),
  ] as const
  const app = express()
  app.get('/api/v1/documents/:id', async (req, res) => {
    await verify(req.get('Authorization'))
    const query = db
      .selectFrom('documents')
      .select([...columns, 'content'])
      .where('id', '=', req.params.id)
    res.json(await query.executeTakeFirst())
  })
  app.get('/api/v1/workspaces/:id/documents', async (req, res) => {
    await verify(req.get('Authorization'))
    const query = db.selectFrom('documents').select(columns).where('workspace_id', '=', req.params.id)
    const living = query.where('deleted_at', 'is', null)
    res.json({ items: await living.orderBy('updated_at', 'desc').orderBy('id', 'desc').limit(50).execute() })
  })
  return listen(createHttpServer(app), { host, port: 0 })
}

process.on('disconnect', () => process.exit())
process.send?.(await (process.argv[2] === 'bare' ? startBare() : startOurs()))
