import { Storage } from '@mdcreator/collab-server/update-log/storage'
import { createPool } from '@mdcreator/db/database'
import { migrate } from '@mdcreator/db/migrate'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { createWorkspace } from './members.ts'
import { PostgresProcess } from './postgres-process.ts'

describe('a database that loses its power', function () {
  this.timeout(60_000)

  it('gives no transaction id of the change feed to a second change: what was told of a text is on the disk', async () => {
    const postgres = await PostgresProcess.start()
    const { url } = postgres
    await migrate(url)
    const owner = createPool({ url, size: 1 })
    const { documentIds } = await createWorkspace({ url, pool: owner }, { members: 1, documents: 1 })
    const [id = ''] = documentIds
    // Nothing else brings it to the disk in time.
    await owner.query(`alter system set wal_writer_delay = '10s'`)
    await owner.query('select pg_reload_conf()')
    const storage = new Storage({ url, poolSize: 1, log: createLogger('silent') })
    for (const [clock, content] of ['one', 'two', 'three'].entries()) {
      const projection = { content, plainText: content, wordCount: 1 }
      await storage.project([{ documentId: id, projection, clock: clock + 1, userId: null }])
    }
    const feed = async () =>
      (await owner.query('select txid::text, seq from sync_log where entity_id = $1 order by seq', [id])).rows
    const told = await feed()
    await postgres.kill()
    await postgres.restart()
    expect(await feed()).to.deep.equal(told)
    await storage.close()
    await owner.end()
    await postgres.stop()
  })
})
