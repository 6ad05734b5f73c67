import { createHash } from 'node:crypto'
import * as Y from 'yjs'

/**
 * The same for two replicas exactly where state vector, deletions and content are the same. Their encodings may differ:
 * the order of clients in them is nobody's promise.
 */
export function fingerprint(document: Y.Doc): string {
  const { sv, ds } = Y.snapshot(document)
  const deleted = [...ds.clients].map(
    ([client, items]) => [client, items.map(({ clock, len }) => [clock, len])] as const,
  )
  const parts = [
    [...sv].sort(byClient),
    deleted.sort(byClient),
    document.getXmlFragment('default').toString(),
    document.store.pendingStructs === null && document.store.pendingDs === null,
  ]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

const byClient = ([a]: readonly [number, unknown], [b]: readonly [number, unknown]): number => a - b
