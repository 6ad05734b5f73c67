import type { Api } from './api.ts'
import type { DocumentSummary } from './types.ts'

const EVERY_MS = 10_000

/** The workspace's list of documents, kept current while the page is looked at. */
export class DocumentStore {
  documents: DocumentSummary[] = []
  hasMore = false
  readonly #api: Api
  readonly #changed: () => void
  readonly #timer: ReturnType<typeof setInterval>
  readonly #wake = (): void => this.#refreshQuietly()
  #workspaceId: string
  #pages = 1
  #generation = 0

  constructor(api: Api, workspaceId: string, changed: () => void) {
    this.#api = api
    this.#workspaceId = workspaceId
    this.#changed = changed
    this.#timer = setInterval(this.#wake, EVERY_MS)
    addEventListener('focus', this.#wake)
  }

  get workspaceId(): string {
    return this.#workspaceId
  }

  async switchTo(workspaceId: string): Promise<void> {
    this.#workspaceId = workspaceId
    this.#pages = 1
    this.documents = []
    await this.refresh()
  }

  async more(): Promise<void> {
    this.#pages += 1
    await this.refresh()
  }

  async refresh(): Promise<void> {
    this.#generation += 1
    const generation = this.#generation
    const documents: DocumentSummary[] = []
    let cursor: string | null = null
    for (let page = 0; page < this.#pages; page += 1) {
      const answer = await this.#api.documents(this.#workspaceId, cursor)
      documents.push(...answer.items.filter(({ doc_type }) => doc_type !== 'mindmap'))
      cursor = answer.next_cursor
      if (cursor === null) break
    }
    // Overtaken by a later answer, or by a change made here.
    if (generation !== this.#generation) return
    this.documents = documents
    this.hasMore = cursor !== null
    this.#changed()
  }

  /** Shows a change made here without waiting for the server's list. */
  put(document: DocumentSummary): void {
    this.#generation += 1
    this.documents = [document, ...this.documents.filter(({ id }) => id !== document.id)]
    this.#changed()
  }

  drop(id: string): void {
    this.#generation += 1
    this.documents = this.documents.filter((document) => document.id !== id)
    this.#changed()
  }

  destroy(): void {
    this.#generation += 1
    clearInterval(this.#timer)
    removeEventListener('focus', this.#wake)
  }

  #refreshQuietly(): void {
    if (document.hidden) return
    // Offline is said next to the document; the list catches up by itself.
    this.refresh().catch(() => this.#changed())
  }
}
