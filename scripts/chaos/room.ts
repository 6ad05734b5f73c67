import * as Y from 'yjs'
import type { Person } from '../people.ts'
import type { Edit } from './ledger.ts'
import { Typist, wordsOf } from './typist.ts'

export type RoomOptions = {
  documentId: string
  people: Person[]
  /** Of the servers. */
  urls: string[]
  random: () => number
  /** Somebody else may take out what these type, and write it again: what counts is the place where it was typed. */
  canOthersWrite?: boolean
}

/** The Yjs client of a word, and the clock after it. */
type Place = { client: number; clock: number }

/** The people in one document, and what any of them was told is stored. */
export class Room {
  readonly documentId: string
  /** Words that must be there, and words that must not. */
  readonly inserted = new Set<string>()
  readonly deleted = new Set<string>()
  /** How long each edit waited for its acknowledgement, in milliseconds. */
  readonly waitsMs: number[] = []
  typists: Typist[] = []
  private readonly canOthersWrite: boolean
  private readonly places = new Map<string, Place>()
  private readonly options: RoomOptions
  private readonly touched = new Set<string>()

  constructor(options: RoomOptions) {
    this.options = options
    this.documentId = options.documentId
    this.canOthersWrite = options.canOthersWrite ?? false
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

  get acknowledged(): number {
    return this.waitsMs.length
  }

  get isSettled(): boolean {
    return this.typists.every(({ client }) => client.isSettled)
  }

  /** Acknowledged edits that a document does not have. */
  missingIn(document: Y.Doc): number {
    const words = wordsOf(document)
    const { sv, ds } = Y.snapshot(document)
    const placeOf = (word: string): Place | undefined => (this.canOthersWrite ? this.places.get(word) : undefined)
    const isMissing = (word: string): boolean => {
      const place = placeOf(word)
      return place ? (sv.get(place.client) ?? 0) < place.clock : !words.has(word)
    }
    const isThere = (word: string): boolean => {
      const place = placeOf(word)
      return place ? !Y.isDeleted(ds, Y.createID(place.client, place.clock - 1)) : words.has(word)
    }
    return [...this.inserted].filter(isMissing).length + [...this.deleted].filter(isThere).length
  }

  private note({ kind, word, at, client, clock }: Edit): void {
    this.waitsMs.push(performance.now() - at)
    if (kind === 'delete') this.deleted.add(word)
    else if (!this.touched.has(word)) this.inserted.add(word)
    this.places.set(word, { client, clock })
  }
}
