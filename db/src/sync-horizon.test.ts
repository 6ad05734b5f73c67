import { expect } from 'chai'
import { sql } from 'kysely'
import { asUser } from './as-user.ts'
import { createDatabase, type Database } from './database.ts'
import { createLibrary, type Library } from './testing-library.ts'

type Change = { txid: string; seq: number; entity_id: string }

describe("the change feed's horizon", () => {
  let library: Library
  let api: Database
  beforeEach(async () => {
    library = await createLibrary()
    api = createDatabase({ url: library.url, role: 'mdcreator_api', size: 1 })
  })
  afterEach(async () => {
    await api.destroy()
    await library.stop()
  })

  /** Reads on from where it stopped, a small page at a time, as a client does. */
  const createReader = () => {
    const seen: Change[] = []
    const read = async (): Promise<Change[]> => {
      const { txid, seq } = seen.at(-1) ?? { txid: '0', seq: 0 }
      const { rows } = await asUser(api, library.user, (trx) =>
        sql<Change>`select txid, seq, entity_id from changes_after(${txid}::xid8, ${seq}, 20)`.execute(trx),
      )
      seen.push(...rows)
      return rows
    }
    const readAll = async (): Promise<Change[]> => {
      const from = seen.length
      while ((await read()).length > 0);
      return seen.slice(from)
    }
    return { seen, read, readAll }
  }
  const insert = `insert into documents (workspace_id, title, created_by) values ($1, 'x', $2) returning id`

  it('waits for a transaction that began earlier and commits later', async () => {
    const reader = createReader()
    await reader.readAll()
    const early = await library.db.connect()
    await early.query('begin')
    const values = [library.workspace, library.user]
    const first = (await early.query(insert, values)).rows[0].id
    const second = (await library.db.query(insert, values)).rows[0].id
    expect(await reader.readAll()).to.deep.equal([])
    await early.query('commit')
    early.release()
    expect((await reader.readAll()).map((change) => change.entity_id)).to.deep.equal([first, second])
  })

  it('skips nothing and repeats nothing while eight write, commit late, or roll back', async () => {
    const reader = createReader()
    let isWriting = true
    const write = async (): Promise<void> => {
      const client = await library.db.connect()
      for (let i = 0; i < 60; i++) {
        await client.query('begin')
        for (let n = Math.ceil(Math.random() * 3); n > 0; n--)
          await client.query(insert, [library.workspace, library.user])
        await client.query('select pg_sleep($1)', [Math.random() * 0.02])
        await client.query(Math.random() < 0.1 ? 'rollback' : 'commit')
      }
      client.release()
    }
    const reading = (async () => {
      while (isWriting) await reader.read()
    })()
    const writing = Promise.all(Array.from({ length: 8 }, write))
    await library.db.query('vacuum freeze sync_log')
    await writing
    isWriting = false
    await reading
    await reader.readAll()
    const { rows: all } = await library.db.query('select seq from sync_log order by txid, seq')
    expect(all.length).to.be.greaterThan(400)
    expect(reader.seen.map((change) => change.seq)).to.deep.equal(all.map((row) => row.seq))
  })
})
