import { HocuspocusProvider } from '@hocuspocus/provider'
import * as Y from 'yjs'
import type { CollabSocket } from './collab-socket.ts'
import { type Refusal, refusalOf } from './refusal.ts'

/** What stands between the document and the server; the last four are final. */
export type Trouble = Exclude<Refusal, 'dropped' | 'expired' | 'recheck'>

const FINAL: readonly Refusal[] = ['gone', 'forbidden', 'too-large', 'out-of-step']

export interface Access {
  /** A fresh token for the document. */
  token: () => Promise<string>
  /** Gets a new token where the old one was refused, and asks the API whether the document may still be read. */
  recheck: (id: string, expired: boolean) => Promise<'ok' | 'absent' | 'later'>
}

/** One document with its connection. It outlives its editor while edits in it are not stored. */
export class LiveDocument {
  readonly id: string
  readonly doc = new Y.Doc()
  readonly provider: HocuspocusProvider
  /** The content has arrived once: it may be shown and edited. */
  opened = false
  readOnly = false
  trouble: Trouble | null = null
  /** What the server last said of the document's size: near its limit, or over it. */
  size: 'large' | 'full' | null = null
  readonly #socket: CollabSocket
  readonly #access: Access
  readonly #listeners = new Set<() => void>()
  #refusals = 0
  #rechecking = false

  constructor(id: string, socket: CollabSocket, access: Access) {
    this.id = id
    this.#socket = socket
    this.#access = access
    this.provider = new HocuspocusProvider({
      name: id,
      document: this.doc,
      websocketProvider: socket,
      token: access.token,
    })
    this.provider.on('authenticated', ({ scope }: { scope: string }) => {
      this.readOnly = scope === 'readonly'
      this.#changed()
    })
    this.provider.on('synced', () => {
      this.opened = true
      this.trouble = null
      this.#refusals = 0
      this.#changed()
    })
    this.provider.on('stateless', ({ payload }: { payload: string }) => this.#noticed(payload))
    this.provider.on('unsyncedChanges', () => this.#changed())
    this.provider.on('status', () => this.#changed())
    this.provider.on('close', ({ event }: { event: { code: number; reason: string } }) => {
      const refusal = refusalOf(event.code, event.reason)
      // The socket may have been closed for another document of this tab.
      if (refusal === 'gone' || refusal === 'forbidden') void this.#recheck(false, refusal)
      else if (FINAL.includes(refusal) && !this.unsaved) this.#refused('dropped')
      else this.#refused(refusal)
    })
    this.provider.on('authenticationFailed', ({ reason }: { reason: string }) => {
      this.#refused(refusalOf(1000, reason))
    })
    this.provider.attach()
    socket.open()
  }

  get connected(): boolean {
    return this.#socket.status === 'connected' && this.provider.isAuthenticated
  }

  /** Edits of this tab that the server has not stored yet. */
  get unsaved(): boolean {
    return this.opened && !this.readOnly && this.provider.hasUnsyncedChanges
  }

  get ended(): boolean {
    return this.trouble !== null && FINAL.includes(this.trouble)
  }

  /** Calls back after every change of the fields above. @returns stops that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  destroy(): void {
    this.#listeners.clear()
    this.provider.destroy()
    this.doc.destroy()
  }

  #noticed(payload: string): void {
    const { type } = JSON.parse(payload) as { type?: string }
    if (type !== 'document.large' && type !== 'document.full') return
    this.size = type === 'document.full' ? 'full' : 'large'
    this.#changed()
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #refused(refusal: Refusal): void {
    if (this.ended) return
    if (refusal === 'dropped') this.#changed()
    else if (refusal === 'expired' || refusal === 'recheck') void this.#recheck(refusal === 'expired', 'gone')
    else this.#meet(refusal)
  }

  #meet(trouble: Trouble): void {
    this.trouble = trouble
    if (this.ended) this.provider.detach()
    else if (trouble !== 'restarting') this.#retry(trouble === 'busy' ? 10_000 : 1000)
    this.#changed()
  }

  /** The API does not tell a document that is gone from one that may not be read: the server's reason does. */
  async #recheck(expired: boolean, ifAbsent: 'gone' | 'forbidden'): Promise<void> {
    // A refusal comes twice: for the document, and with the close of its socket.
    if (this.#rechecking || this.ended) return
    this.#rechecking = true
    const result = await this.#access.recheck(this.id, expired).finally(() => {
      this.#rechecking = false
    })
    if (this.ended) return
    if (result === 'ok') this.#retry(0)
    else this.#meet(result === 'absent' ? ifAbsent : result)
  }

  /** Waits longer each time, so that a server that refuses is not asked again at once, forever. */
  #retry(atLeast: number): void {
    const wait = this.#refusals === 0 ? 0 : 500 * 2 ** Math.min(this.#refusals, 6)
    this.#refusals += 1
    this.#socket.reconnectIn(Math.max(atLeast, wait))
  }
}
