import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import type { AcceptedEdits } from './accepted.ts'
import { checkStructs, type Decoded, maxClock } from './update-structs.ts'

export type ValidatorLimits = { bytes: number; structs: number; deletes: number }

const defaultLimits: ValidatorLimits = { bytes: 4 * 1024 * 1024, structs: 200_000, deletes: 400_000 }

/**
 * `new` changes the document, `known` adds nothing, `gap` builds on something that is not here yet (the sender must
 * send more), `malformed` must never reach the log: one such row would make the document unloadable.
 */
export type Verdict = 'new' | 'known' | 'gap' | 'malformed' | 'too-large'

/**
 * Judges a Yjs update (v1) by a user against a document and what was accepted for it already, and on `new` accepts it.
 * Costs in the order of the update's size, whatever the document's.
 */
export function validateUpdate(
  update: Uint8Array,
  doc: Y.Doc,
  accepted: AcceptedEdits,
  userId: string,
  limits = defaultLimits,
): Verdict {
  if (isEmpty(update)) return 'known'
  if (update.byteLength > limits.bytes) return 'too-large'
  let decoded: Decoded
  try {
    decoded = Y.decodeUpdate(update)
  } catch {
    return 'malformed'
  }
  if (decoded.structs.length > limits.structs) return 'too-large'
  const structs = checkStructs(decoded.structs, doc, accepted)
  if (typeof structs === 'string') return structs
  const { authors, last, depth } = structs
  const clockOf = (client: number): number => {
    const struct = last.get(client)
    return Math.max(struct ? struct.id.clock + struct.length : 0, accepted.clockOf(doc, client))
  }
  const problem = checkBlocks(update, decoded) ?? checkDeletes(decoded.ds, clockOf, limits.deletes)
  if (problem) return problem
  for (const client of authors) if (!accepted.isFree(client, userId)) return 'malformed'
  if (authors.size === 0 && !addsDeletes(decoded.ds, doc)) return 'known'
  accepted.depth = depth
  for (const client of authors) {
    const struct = last.get(client)
    accepted.claim(client, userId)
    if (struct) accepted.accept(client, { clock: clockOf(client), endsWithGc: struct instanceof Y.GC })
  }
  return 'new'
}

/** `[0, 0]`: no structs and no deletes. Providers send it when they have nothing to add. */
export const isEmpty = (update: Uint8Array): boolean => update.byteLength === 2 && update[0] === 0 && update[1] === 0

/** Of two blocks of one Yjs client, Yjs integrates only the last: honest updates have one each. */
function checkBlocks(update: Uint8Array, { structs }: Decoded): 'malformed' | null {
  const blocks = decoding.readVarUint(decoding.createDecoder(update))
  return blocks === new Set(structs.map(({ id }) => id.client)).size ? null : 'malformed'
}

/** Ranges lie in order and apart, as Yjs writes them: overlapping ones would take time by the square of their number. */
function checkDeletes(deletes: Decoded['ds'], clockOf: (client: number) => number, limit: number): Verdict | null {
  let count = 0
  for (const [client, ranges] of deletes.clients) {
    if (!Number.isSafeInteger(client)) return 'malformed'
    let end = 0
    for (const { clock, len } of ranges) {
      if (++count > limit) return 'too-large'
      if (!(len > 0) || clock < end || clock + len > maxClock) return 'malformed'
      end = clock + len
    }
    if (end > clockOf(client)) return 'gap'
  }
  return null
}

/** A reconnecting client sends its whole delete set again; only a range that is not deleted yet is news. */
function addsDeletes(deletes: Decoded['ds'], doc: Y.Doc): boolean {
  for (const [client, ranges] of deletes.clients) {
    const structs = doc.store.clients.get(client)
    if (!structs) return true
    for (const { clock, len } of ranges) {
      if (clock + len > Y.getState(doc.store, client)) return true
      for (let i = Y.findIndexSS(structs, clock); i < structs.length; i++) {
        const struct = structs[i]
        if (!struct || struct.id.clock >= clock + len) break
        if (!struct.deleted) return true
      }
    }
  }
  return false
}
