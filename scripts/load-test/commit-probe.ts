import { setTimeout as delay } from 'node:timers/promises'
import type { Pool } from '@mdcreator/db/database'

/** Commits one row every 50 ms on a connection of its own: what a commit takes the database by itself, at that load. */
export class CommitProbe {
  private readonly times: number[] = []
  private running = true
  private readonly done: Promise<void>

  constructor(pool: Pool) {
    this.done = this.run(pool)
  }

  /** Resolves to the times of the commits, in milliseconds. */
  async stop(): Promise<number[]> {
    this.running = false
    await this.done
    return this.times
  }

  private async run(pool: Pool): Promise<void> {
    const client = await pool.connect()
    try {
      await client.query('create table if not exists commit_probe (at timestamptz)')
      while (this.running) {
        const start = performance.now()
        await client.query({ name: 'probe', text: 'insert into commit_probe values (now())' })
        this.times.push(performance.now() - start)
        await delay(50)
      }
    } finally {
      client.release()
    }
  }
}
