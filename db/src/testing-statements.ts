import type { KyselyPlugin } from 'kysely'
import { createDatabase, type Database } from './database.ts'

/** The API's database, and what kinds of statements it was asked to run, in order: the work that an answer takes. */
export function recordingDatabase(url: string): { db: Database; statements: string[] } {
  const statements: string[] = []
  const recorder: KyselyPlugin = {
    transformQuery({ node }) {
      statements.push(node.kind)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return { db: createDatabase({ url, role: 'mdcreator_api' }).withPlugin(recorder), statements }
}
