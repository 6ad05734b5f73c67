import { setTimeout as delay } from 'node:timers/promises'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { FrameType, openFrame } from './load-test/frames.ts'

type AwarenessUser = { id: string; name: string }

const limitMs = 40_000

/** One tab: a real provider in one document. It notes when what happens, by `performance.now()`, and does not come back. */
export class DocumentClient {
  readonly document = new Y.Doc()
  readonly provider: HocuspocusProvider
  /** Why its socket was closed. */
  closeCode: number | null = null
  closedAt: number | null = null
  /** When it was last told that it may read only. */
  readOnlyAt: number | null = null
  /** Each time that it was told that an edit is stored. */
  readonly acceptedAt: number[] = []
  private readonly websocket: HocuspocusProviderWebsocket
  private timer: NodeJS.Timeout | undefined

  constructor(url: string, documentId: string, token: string) {
    this.websocket = new HocuspocusProviderWebsocket({
      url,
      WebSocketPolyfill: WebSocket,
      onClose: ({ event }) => {
        this.closedAt = performance.now()
        this.closeCode = event.code
        this.close()
      },
    })
    this.websocket.on('message', ({ data }: MessageEvent<ArrayBuffer>) => this.note(new Uint8Array(data)))
    const { document, websocket: websocketProvider } = this
    this.provider = new HocuspocusProvider({ websocketProvider, name: documentId, document, token })
    this.provider.on('authenticated', ({ scope }: { scope: string }) => {
      if (scope === 'readonly') this.readOnlyAt = performance.now()
    })
    this.provider.attach()
  }

  /** Resolves when everything of both sides is acknowledged. */
  async synced(): Promise<this> {
    await holds('the first sync', () => this.provider.synced && this.provider.unsyncedChanges === 0)
    return this
  }

  /** Types a letter every so many milliseconds, until the socket closes or `rest` is called. */
  typeEvery(ms: number): void {
    const text = this.document.getXmlFragment('default')
    this.timer = setInterval(() => {
      if (text.length === 0) text.push([paragraph()])
      else ((text.get(0) as Y.XmlElement).get(0) as Y.XmlText).insert(0, 'x')
    }, ms)
  }

  rest(): void {
    clearInterval(this.timer)
  }

  /** What it tells the others of itself. */
  say(field: string, value: unknown): void {
    this.provider.setAwarenessField(field, value)
  }

  /** Whom it sees in the document besides itself, by connection. */
  get visible(): AwarenessUser[] {
    const states = this.provider.awareness?.getStates() ?? new Map()
    return [...states].flatMap(([clientId, { user }]) => (user && clientId !== this.document.clientID ? [user] : []))
  }

  /** The socket breaks without a word, as that of a browser that ends. */
  cut(): void {
    const socket = this.websocket.webSocket as unknown as WebSocket | null
    socket?.terminate()
    this.close()
  }

  /** As a tab is closed: the others are told. */
  close(): void {
    this.rest()
    // A socket that waits to connect again does so even after destroy() (provider 4.7).
    this.websocket.connect = async () => {}
    this.provider.destroy()
    this.websocket.destroy()
  }

  private note(data: Uint8Array): void {
    const isPing = data.byteLength === 1
    if (isPing) return
    const decoder = openFrame(data)
    if (decoding.readVarUint(decoder) !== FrameType.SyncStatus) return
    if (decoding.readVarUint(decoder) === 1) this.acceptedAt.push(performance.now())
  }
}

function paragraph(): Y.XmlElement {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText('x')])
  return element
}

/** Waits until something holds. @throws Error where it does not in 40 s */
export async function holds(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const started = performance.now()
  while (!(await condition())) {
    if (performance.now() - started > limitMs) throw new Error(`${what} did not come about in ${limitMs} ms`)
    await delay(2)
  }
}
