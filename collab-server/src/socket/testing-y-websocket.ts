import { WebSocket } from 'ws'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { type TestServer, until } from '../testing.ts'

/** Where a server has documents for y-websocket. */
export const yWebsocketUrl = ({ url }: Pick<TestServer, 'url'>): string => url.replace(/\/collab$/, '/ws/documents')

export type YWebsocketClient = ReturnType<typeof connectYWebsocket>

/** A real WebsocketProvider. Its room is the id, so that it asks for `/ws/documents/{id}`, unless `url` says otherwise. */
export function connectYWebsocket(
  server: Pick<TestServer, 'url'>,
  documentId: string,
  token: string,
  {
    document = new Y.Doc(),
    url = yWebsocketUrl(server),
    params = { token },
  }: { document?: Y.Doc; url?: string; params?: Record<string, string> } = {},
) {
  const closes: number[] = []
  const provider = new WebsocketProvider(url, documentId, document, {
    params,
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
    maxBackoffTime: 100,
  })
  provider.on('connection-close', (event) => {
    if (event) closes.push(event.code)
  })
  return {
    provider,
    document,
    /** The codes that its sockets were closed with. */
    closes,
    synced: () => until(() => provider.synced),
    closed: () => until(() => closes.length > 0),
    close(): void {
      provider.destroy()
      // Whose timer the provider leaves running (y-websocket 3.1).
      provider.awareness.destroy()
    },
  }
}
