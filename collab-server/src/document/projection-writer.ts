import { setTimeout as delay } from 'node:timers/promises'
import type { ProjectedDocument, Storage } from '../update-log/storage.ts'

type Pending = { document: ProjectedDocument; resolve: (isWritten: boolean) => void; reject: (error: Error) => void }

/** How long texts are collected: a hundred documents that are typed in are then a few statements a second. */
const collectMs = 40
const maxBatch = 200

/** Group commit for projections: one statement at a time, for all that came since the last one. */
export class ProjectionWriter {
  private readonly storage: Pick<Storage, 'project'>
  private pending: Pending[] = []
  private isWriting = false

  constructor(storage: Pick<Storage, 'project'>) {
    this.storage = storage
  }

  /** Resolves to false where the row holds a later text already. Rejects where it cannot be written. */
  write(document: ProjectedDocument): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.pending.push({ document, resolve, reject })
      if (!this.isWriting) void this.writeAll()
    })
  }

  private async writeAll(): Promise<void> {
    this.isWriting = true
    while (this.pending.length > 0) {
      await delay(collectMs)
      await this.writeBatch(this.pending.splice(0, maxBatch))
    }
    this.isWriting = false
  }

  private async writeBatch(batch: Pending[]): Promise<void> {
    try {
      const written = await this.storage.project(batch.map(({ document }) => document))
      for (const { document, resolve } of batch) resolve(written.has(document.documentId))
    } catch (error) {
      // One text that the database refuses must not keep the others from being written.
      if (batch.length > 1) for (const pending of batch) await this.writeBatch([pending])
      else batch[0]?.reject(error as Error)
    }
  }
}
