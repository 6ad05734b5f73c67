import { Kysely, PostgresDialect } from 'kysely'
import { createPool, type Database, type DB } from './database.ts'

// For tests only: what PostgreSQL really did for a query, as the API's role, inside of functions too.

type Plan = {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Actual Rows'?: number
  'Rows Removed by Filter'?: number
  Plans?: Plan[]
}

/** What was read how: `documents_by_title`, or `seq documents`. */
export type Access = { indexes: string[]; sequential: string[] }

/** Runs queries as the API does and notes their plans, which auto_explain sends as notices. */
export function createExplainer(url: string): { db: Database; stop(): Promise<void>; accessed(): Access } {
  const plans: Plan[] = []
  const settings = [
    'session_preload_libraries=auto_explain',
    'auto_explain.log_min_duration=0',
    'auto_explain.log_nested_statements=on',
    'auto_explain.log_format=json',
    'client_min_messages=log',
  ]
  const pool = createPool({ url, role: 'mdcreator_api', size: 1, settings })
  pool.on('connect', (client) => {
    client.on('notice', ({ message }) => {
      const json = /plan:\s*(\{.*)$/s.exec(message ?? '')?.[1]
      if (json) plans.push(JSON.parse(json).Plan)
    })
  })
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
  return {
    db,
    stop: () => db.destroy(),
    accessed() {
      const nodes = plans.splice(0).flatMap(flatten)
      return {
        indexes: nodes.flatMap((node) => node['Index Name'] ?? []),
        sequential: nodes.flatMap((node) => (node['Node Type'] === 'Seq Scan' ? (node['Relation Name'] ?? []) : [])),
      }
    },
  }
}

const flatten = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(flatten)]
