import { expect } from 'chai'
import { expectations, type Try } from './expectations.ts'
import { type Outcome, type Person, people, World } from './world.ts'

const operations = ['select', 'insert', 'update', 'delete'] as const

describe("row-level security, table by table, as the API's role", () => {
  let world: World
  let tables: string[]
  let columns: Map<string, string[]>
  let attempts = 0
  before(async () => {
    world = await World.create()
    const { rows } = await world.owner.query(
      `select c.relname as table, array_agg(a.attname::text order by attnum) as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname !~ '^kysely_'
       group by 1 order by 1`,
    )
    tables = rows.map((row) => row.table)
    columns = new Map(rows.map((row) => [row.table, row.columns]))
  })
  after(async () => {
    process.stdout.write(`      ${tables.length} tables, ${people.length} people: ${attempts} attempts\n`)
    await world.stop()
  })

  const attempt = (person: Person | null, sql: string): Promise<Outcome> => {
    attempts++
    return world.attempt(person, sql)
  }
  /** What the table's entry says of an operation; what it does not mention, nobody may do at all. */
  const tryOf = (table: string, operation: (typeof operations)[number]): Try => {
    const entry = expectations[table]
    if (operation === 'select') {
      const where = entry?.select.where ?? 'true'
      return { sql: `select count(*) from ${table} where ${where} having count(*) > 0`, may: entry?.select.may ?? [] }
    }
    const untold = {
      insert: `insert into ${table} default values`,
      update: `update ${table} set ${columns.get(table)?.[0]} = default`,
      delete: `delete from ${table}`,
    }
    return entry?.[operation] ?? { sql: untold[operation], may: [] }
  }

  it('knows every table, and there is a row in each', async () => {
    expect(Object.keys(expectations).sort()).to.deep.equal(tables)
    for (const table of tables) {
      const { rows } = await world.owner.query(`select exists (select from ${table})`)
      expect(rows[0].exists, table).to.equal(true)
    }
  })

  for (const table of Object.keys(expectations)) {
    it(`lets of ${table} see and change those who may, and no others`, async () => {
      for (const operation of operations) {
        const { sql, may } = tryOf(table, operation)
        for (const person of people) {
          const outcome = await attempt(person, sql)
          const told = `${person}: ${sql}`
          if (may.includes(person)) expect(outcome, told).to.equal('done')
          else if (operation === 'insert') expect(outcome, told).to.equal('refused')
          else expect(outcome, told).to.be.oneOf(['nothing', 'refused'])
        }
        if (may.length < people.length) expect(await attempt(null, sql), `nobody: ${sql}`).not.to.equal('done')
      }
    })

    it(`keeps other columns of ${table} from being read or changed`, async () => {
      const { columns: changeable = [], secrets = [], select } = expectations[table] ?? { select: { may: [] } }
      for (const column of columns.get(table) ?? []) {
        const isSecret = select.may.length === 0 || secrets.includes(column)
        const reading = await attempt('owner', `select ${column} from ${table} where false`)
        expect(reading, `reading ${column}`).to.equal(isSecret ? 'refused' : 'nothing')
        const outcome = await attempt('owner', `update ${table} set ${column} = default where false`)
        expect(outcome, column).to.equal(changeable.includes(column) ? 'nothing' : 'refused')
      }
    })
  }
})
