// Writes docs/erd.md, the tables and their relations in Mermaid, from the live schema; `--verify` fails where the
// committed file is not current.
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { migrate } from '@mdcreator/db/migrate'
import { startTemporaryPostgres } from '@mdcreator/db/testing'
import pg from 'pg'

const file = path.join(import.meta.dirname, '../docs/erd.md')

type Column = { table: string; name: string; type: string; key: string | null }
type Relation = { from: string; to: string; columns: string; optional: boolean; single: boolean }

const columnsQuery = `
  select c.relname as table, a.attname as name, format_type(a.atttypid, null) as type,
    nullif(concat_ws(', ',
      case when exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'p' and a.attnum = any (k.conkey)) then 'PK' end,
      case when exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and a.attnum = any (k.conkey)) then 'FK' end),
      '') as key
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname !~ '^kysely_'
  order by c.relname, a.attnum`

const relationsQuery = `
  select f.conrelid::regclass::text as "from", f.confrelid::regclass::text as "to",
    string_agg(a.attname, ', ' order by a.attnum) as columns, bool_or(not a.attnotnull) as optional,
    exists (select from pg_constraint k where k.conrelid = f.conrelid and k.contype in ('p', 'u')
      and k.conkey <@ f.conkey) as single
  from pg_constraint f join pg_attribute a on a.attrelid = f.conrelid and a.attnum = any (f.conkey)
  where f.contype = 'f' and f.connamespace = 'public'::regnamespace
  group by f.oid order by 2, 1, 3`

async function describe(): Promise<string> {
  const postgres = await startTemporaryPostgres()
  try {
    await migrate(postgres.url)
    const client = new pg.Client(postgres.url)
    await client.connect()
    const columns = (await client.query<Column>(columnsQuery)).rows
    const relations = (await client.query<Relation>(relationsQuery)).rows
    await client.end()
    return draw(columns, relations)
  } finally {
    await postgres.stop()
  }
}

function draw(columns: Column[], relations: Relation[]): string {
  const tables = Map.groupBy(columns, (column) => column.table)
  const boxes = [...tables].map(([table, own]) => {
    const lines = own.map(({ name, type, key }) => `    ${type.replaceAll(' ', '_')} ${name}${key ? ` ${key}` : ''}`)
    return `  ${table} {\n${lines.join('\n')}\n  }`
  })
  const lines = relations.map(({ from, to, columns: names, optional, single }) => {
    const [one, many] = [optional ? '|o' : '||', single ? 'o|' : 'o{']
    return `  ${to} ${one}--${many} ${from} : "${names}"`
  })
  return [
    '# The tables',
    '',
    'Written by `scripts/generate-erd.ts` from the live schema. What the columns mean is in [db/migrations](../db/migrations).',
    '',
    '```mermaid',
    'erDiagram',
    ...lines,
    ...boxes,
    '```',
    '',
  ].join('\n')
}

const current = await describe()
if (process.argv.includes('--verify')) {
  if ((await readFile(file, 'utf8').catch(() => '')) !== current) {
    console.error('docs/erd.md is not current: run node scripts/generate-erd.ts')
    process.exitCode = 1
  }
} else {
  await writeFile(file, current)
}
