import { NextBatch } from './next-batch.ts'

type Pending<Q, A> = { question: Q; resolve: (answer: A) => void; reject: (error: Error) => void }

export type BatchLimits = {
  /** Questions that are asked together. */
  size: number
  /** Batches that are asked at the same time. One whose answer never comes must not hold up all others. */
  inFlight: number
  /** How long after a batch the next one begins, unless there are questions enough for it. */
  apartMs: number
}

/**
 * Asks together what is asked for within a few milliseconds, or while others are waiting for their answers: so a thousand
 * connects are a few queries. A question that comes alone does not wait.
 */
export class Batched<Q, A> {
  private readonly answer: (questions: Q[]) => Promise<A[]>
  private readonly limits: BatchLimits
  private pending: Pending<Q, A>[] = []
  private inFlight = 0
  private readonly next: NextBatch

  /** `answer` gives an answer to each question, in their order; where it rejects, all of them do. */
  constructor(answer: (questions: Q[]) => Promise<A[]>, limits: BatchLimits) {
    this.answer = answer
    this.limits = limits
    this.next = new NextBatch(() => this.begin(), limits.apartMs)
  }

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.pending.push({ question, resolve, reject })
      this.plan()
    })
  }

  private plan(): void {
    if (this.inFlight < this.limits.inFlight) this.next.plan(this.pending.length < this.limits.size)
  }

  private begin(): void {
    while (this.pending.length > 0 && this.inFlight < this.limits.inFlight) {
      void this.askTogether(this.pending.splice(0, this.limits.size))
    }
  }

  private async askTogether(batch: Pending<Q, A>[]): Promise<void> {
    this.inFlight++
    this.next.begun()
    try {
      const answers = await this.answer(batch.map(({ question }) => question))
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as A)
    } catch (error) {
      for (const { reject } of batch) reject(error as Error)
    } finally {
      this.inFlight--
      if (this.pending.length > 0) this.plan()
    }
  }
}
