import { Worker } from 'node:worker_threads'
import type { DocumentType, Fold, Projection } from './storage.ts'

export type FoldRequest = { id: number; type: DocumentType; state: Uint8Array | null; tail: Uint8Array[] }
export type FoldReply =
  | { id: number; ok: true; state: Uint8Array; projection: Projection | null }
  | { id: number; ok: false; message: string }

type Waiting = { resolve: (reply: FoldReply & { ok: true }) => void; reject: (error: Error) => void }

/** Merges documents in a worker thread, which is started at the first use and again after a crash. */
export class Folder {
  private worker: Worker | null = null
  private readonly waiting = new Map<number, Waiting>()
  private nextId = 0

  readonly fold: Fold = (type, state, tail) => {
    const worker = this.start()
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject })
      worker.postMessage({ id, type, state, tail } satisfies FoldRequest)
    })
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
  }

  private start(): Worker {
    if (this.worker) return this.worker
    const worker = new Worker(new URL('./fold-worker.ts', import.meta.url))
    worker.on('message', (reply: FoldReply) => {
      const waiting = this.waiting.get(reply.id)
      this.waiting.delete(reply.id)
      if (reply.ok) waiting?.resolve(reply)
      else waiting?.reject(new Error(`A document could not be merged: ${reply.message}`))
    })
    worker.on('error', (error) => this.fail(worker, error as Error))
    worker.on('exit', () => this.fail(worker, new Error('The worker that merges documents ended')))
    worker.unref()
    this.worker = worker
    return worker
  }

  private fail(worker: Worker, error: Error): void {
    if (this.worker !== worker) return
    this.worker = null
    for (const { reject } of this.waiting.values()) reject(error)
    this.waiting.clear()
  }
}
