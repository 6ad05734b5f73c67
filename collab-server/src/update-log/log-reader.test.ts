import type { QueryConfig } from '@mdcreator/db/database'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { startWorld, type World } from '../testing.ts'
import { seesNothing } from './log-position.ts'
import { LogReader } from './log-reader.ts'
import { Storage } from './storage.ts'

const insert = `insert into document_updates (document_id, data, origin) values ($1, '', 'client') returning id`

describe('a look at the log', () => {
  let world: World
  let storage: Storage
  let reader: LogReader
  before(async () => {
    world = await startWorld()
    storage = new Storage({ url: world.databaseUrl, poolSize: 2, log: createLogger('silent') })
    reader = new LogReader(storage.pool)
  })
  after(async () => {
    await storage.close()
    await world.stop()
  })

  const append = async (documentId: string): Promise<number> =>
    (await storage.append([{ documentId, data: new Uint8Array(), userId: null, origin: 'client' }]))[0] as number
  const lookAt = async (id: string, snapshot: string) => {
    const [news] = await reader.look([{ id, snapshot }])
    if (!news) throw new Error('The document is gone')
    return news
  }

  it('finds what is new and nothing else, also where an old transaction does not end', async () => {
    const id = await world.document()
    const old = await world.owner.connect()
    await old.query('begin')
    await old.query('select pg_current_xact_id()')
    const first = await append(id)
    const before = await lookAt(id, seesNothing)
    expect(before.ids).to.deep.equal([first])
    const second = await append(id)
    const after = await lookAt(id, before.snapshot)
    expect(after.ids).to.deep.equal([second])
    expect((await lookAt(id, after.snapshot)).ids).to.deep.equal([])
    await old.query('rollback')
    old.release()
  })

  it('finds a row that is committed after others that began later', async () => {
    const id = await world.document()
    const late = await world.owner.connect()
    await late.query('begin')
    const { rows } = await late.query(insert, [id])
    const early = await append(id)
    const before = await lookAt(id, seesNothing)
    expect(before.ids).to.deep.equal([early])
    await late.query('commit')
    late.release()
    expect((await lookAt(id, before.snapshot)).ids).to.deep.equal([rows[0].id])
  })

  it('reads the whole logs of a few documents at a time, as after a crash of the database', async () => {
    const documents = await Promise.all(Array.from({ length: 50 }, () => world.document()))
    const ids = await Promise.all(documents.map(append))
    const sizes: number[] = []
    const pool = Object.create(storage.pool, {
      query: {
        value: (query: QueryConfig<unknown[][]>) => {
          sizes.push(query.values?.[0]?.length ?? 0)
          return storage.pool.query(query)
        },
      },
    })
    const news = await new LogReader(pool).look(documents.map((id) => ({ id, snapshot: seesNothing })))
    expect(new Map(news.map(({ documentId, ids }) => [documentId, ids]))).to.deep.equal(
      new Map(documents.map((id, i) => [id, [ids[i]]])),
    )
    expect(Math.max(...sizes)).to.be.at.most(20)
  })
})
