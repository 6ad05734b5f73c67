import { CollabSocket } from './collab-socket.ts'
import { type Access, LiveDocument } from './live-document.ts'

const LINGER_MS = 2000

/** The documents of this tab: the open one, and those left behind with edits that are not stored yet. */
export class LiveDocuments {
  readonly #socket = new CollabSocket()
  readonly #documents = new Map<string, LiveDocument>()
  readonly #leaving = new Map<string, ReturnType<typeof setTimeout>>()
  readonly #access: Access

  constructor(access: Access) {
    this.#access = access
  }

  get unsaved(): boolean {
    return [...this.#documents.values()].some((document) => document.unsaved)
  }

  open(id: string): LiveDocument {
    clearTimeout(this.#leaving.get(id))
    this.#leaving.delete(id)
    const known = this.#documents.get(id)
    if (known && !known.ended) {
      // Null since it was left; fields can only be set on a state that is there.
      known.provider.awareness?.setLocalState({})
      return known
    }
    if (known) this.#drop(known)
    const document = new LiveDocument(id, this.#socket, this.#access)
    this.#documents.set(id, document)
    return document
  }

  /** The person has gone elsewhere. The connection stays until everything is stored. */
  leave(document: LiveDocument): void {
    if (this.#documents.get(document.id) !== document) return
    document.provider.awareness?.setLocalState(null)
    const settle = (): void => {
      if (document.unsaved && !document.ended) this.#leaving.set(document.id, setTimeout(settle, LINGER_MS))
      else this.#drop(document)
    }
    this.#leaving.set(document.id, setTimeout(settle, LINGER_MS))
  }

  reconnect(): void {
    if (this.#documents.size > 0) this.#socket.reconnectIn(0)
  }

  destroy(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer)
    for (const document of this.#documents.values()) document.destroy()
    this.#documents.clear()
    this.#socket.destroy()
  }

  #drop(document: LiveDocument): void {
    this.#leaving.delete(document.id)
    this.#documents.delete(document.id)
    document.destroy()
    // The server ends sockets that carry no document.
    if (this.#documents.size === 0) this.#socket.rest()
  }
}
