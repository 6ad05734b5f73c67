import type { Edit } from './ledger.ts'
import type { Person } from './members.ts'
import { Typist } from './typist.ts'

export type RoomOptions = {
  documentId: string
  people: Person[]
  /** Of the servers. */
  urls: string[]
  random: () => number
}

/** The people in one document, and what any of them was told is stored. */
export class Room {
  readonly documentId: string
  /** Words that must be there, and words that must not. */
  readonly inserted = new Set<string>()
  readonly deleted = new Set<string>()
  /** The longest that anybody waited for an acknowledgement, in milliseconds. */
  longestWaitMs = 0
  acknowledged = 0
  typists: Typist[] = []
  private readonly options: RoomOptions
  private readonly touched = new Set<string>()

  constructor(options: RoomOptions) {
    this.options = options
    this.documentId = options.documentId
    this.fill()
  }

  /** Lets those in who are missing, each with a replica of their own, some to each server. */
  fill(): void {
    const { people, urls, documentId, random } = this.options
    for (let i = this.typists.length; i < people.length; i++) {
      const { token } = people[i] as Person
      const first = i % urls.length
      this.typists.push(
        new Typist({
          urls: [...urls.slice(first), ...urls.slice(0, first)],
          documentId,
          token,
          random,
          onAcknowledged: (edit) => this.note(edit),
          onDelete: (word) => {
            this.touched.add(word)
            this.inserted.delete(word)
          },
        }),
      )
    }
  }

  /** So many are gone for good, without a goodbye; those who stay hold what these had typed. */
  lose(count: number): void {
    for (const typist of this.typists.splice(0, count)) typist.destroy()
  }

  rest(): void {
    for (const typist of this.typists) typist.rest()
  }

  get isSettled(): boolean {
    return this.typists.every(({ client }) => client.isSettled)
  }

  private note({ kind, word, at }: Edit): void {
    this.acknowledged++
    this.longestWaitMs = Math.max(this.longestWaitMs, performance.now() - at)
    if (kind === 'delete') this.deleted.add(word)
    else if (!this.touched.has(word)) this.inserted.add(word)
  }
}
