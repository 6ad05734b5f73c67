import { expect } from 'chai'
import { createPool, type Pool } from './database.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

describe('a pool of connections', () => {
  let database: TestDatabase
  let pool: Pool
  before(async () => {
    database = await createTestDatabase()
    pool = createPool({ url: database.url })
  })
  after(async () => {
    await pool.end()
    await database.drop()
  })

  it('outlives one that breaks within a transaction, between two statements', async () => {
    const client = await pool.connect()
    const { rows } = await client.query('select pg_backend_pid() as pid')
    await client.query('begin')
    const broken = new Promise((resolve) => client.once('end', resolve))
    await pool.query('select pg_terminate_backend($1)', [rows[0].pid])
    await broken
    const failure = await client.query('commit').catch((error: Error) => error)
    expect(failure).to.be.instanceOf(Error)
    client.release(true)
    expect((await pool.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }])
  })
})
