import { readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import * as Y from 'yjs'

type Trace = { endContent: string; txns: { patches: [position: number, deleted: number, inserted: string][] }[] }

/** A real editing session as a document: a listing with its text, one update for each edit. See data/README.md. */
export function replayTrace(): { document: Y.Doc; updates: Uint8Array[] } {
  const file = path.join(import.meta.dirname, 'data/automerge-paper.json.gz')
  const { txns, endContent } = JSON.parse(gunzipSync(readFileSync(file)).toString()) as Trace
  const document = new Y.Doc()
  document.clientID = 1
  const updates: Uint8Array[] = []
  document.on('update', (update) => updates.push(update))
  const text = new Y.XmlText()
  const listing = new Y.XmlElement('codeBlock')
  listing.insert(0, [text])
  document.getXmlFragment('default').insert(0, [listing])
  for (const { patches } of txns) {
    document.transact(() => {
      for (const [position, deleted, inserted] of patches) {
        if (deleted) text.delete(position, deleted)
        if (inserted) text.insert(position, inserted)
      }
    })
  }
  if (text.toString() !== endContent) throw new Error('The replay does not end in the text of the trace')
  return { document, updates }
}
