type Pending<Q, A> = { question: Q; resolve: (answer: A) => void; reject: (error: Error) => void }

/** Asks what is asked for in one turn of the event loop together, so that a thousand connects are a few queries. */
export class Batched<Q, A> {
  private readonly answer: (questions: Q[]) => Promise<A[]>
  private readonly maxBatch: number
  private pending: Pending<Q, A>[] = []

  /** `answer` gives an answer to each question, in their order; where it rejects, all of them do. */
  constructor(answer: (questions: Q[]) => Promise<A[]>, maxBatch: number) {
    this.answer = answer
    this.maxBatch = maxBatch
  }

  ask(question: Q): Promise<A> {
    return new Promise((resolve, reject) => {
      this.pending.push({ question, resolve, reject })
      if (this.pending.length === 1) setImmediate(() => this.flush())
    })
  }

  private flush(): void {
    while (this.pending.length > 0) void this.askTogether(this.pending.splice(0, this.maxBatch))
  }

  private async askTogether(batch: Pending<Q, A>[]): Promise<void> {
    try {
      const answers = await this.answer(batch.map(({ question }) => question))
      for (const [i, { resolve }] of batch.entries()) resolve(answers[i] as A)
    } catch (error) {
      for (const { reject } of batch) reject(error as Error)
    }
  }
}
