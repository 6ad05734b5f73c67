import type { Database } from '@mdcreator/db/database'
import { indexDocuments, maintain } from '@mdcreator/db/maintenance'
import type { Logger } from '@mdcreator/shared/log'
import { type Job, repeat } from './repeat.ts'

/** What runs beside the requests, on every API server: the work itself sees to it that several do not collide. */
export function startJobs({ db, log }: { db: Database; log: Logger }): Job {
  const jobs = [
    repeat({ name: 'search index', everyMs: 1_000, run: () => indexDocuments(db), log }),
    repeat({ name: 'maintenance', everyMs: 10 * 60_000, run: () => maintain(db), log }),
  ]
  return {
    stop: () => {
      for (const job of jobs) job.stop()
    },
  }
}
