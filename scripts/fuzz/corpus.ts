import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { until } from '@mdcreator/shared/testing'
import { WebSocket } from 'ws'
import * as Y from 'yjs'

/** What real providers send, each without the address before it: type and body. */
export async function captureFrames(url: string, documentId: string, token: string): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = []
  class Recorder extends WebSocket {
    override send(data: unknown): void {
      frames.push((data as Uint8Array).slice(1 + documentId.length))
      super.send(data as Uint8Array)
    }
  }
  const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: Recorder })
  const document = new Y.Doc()
  const provider = new HocuspocusProvider({ websocketProvider, name: documentId, document, token })
  provider.attach()
  await until(() => provider.synced)
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  const edits = [
    () => paragraph.insert(0, [text]),
    () => document.getXmlFragment('default').push([paragraph]),
    () => text.insert(0, 'some words'),
    () => text.insert(4, ' more'),
    () => text.format(0, 4, { bold: true }),
    () => text.delete(2, 5),
    () => text.insertEmbed(1, { image: 'x' }),
    () => document.getXmlFragment('default').delete(0, 1),
  ]
  for (const edit of edits) edit()
  provider.setAwarenessField('cursor', { anchor: 1, head: 2 })
  provider.sendStateless('hello')
  await until(() => provider.unsyncedChanges === 0)
  websocketProvider.connect = async () => {}
  provider.destroy()
  websocketProvider.destroy()
  return frames
}
