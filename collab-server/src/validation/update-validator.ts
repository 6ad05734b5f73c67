import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import type { AcceptedEdits } from './accepted.ts'
import type { Inspection } from './inspected.ts'
import { estimateCost } from './update-cost.ts'
import { isOver, measureUpdate, type UpdateSize } from './update-size.ts'
import { checkStructs, type Decoded, maxClock, type Outcome } from './update-structs.ts'

export type ValidatorLimits = UpdateSize & { bytes: number; cost: number }

/** No update may have more. */
const defaultLimits = { bytes: 4 * 1024 * 1024, structs: 400_000, values: 1_000_000, deletes: 400_000 }
/** What the main thread takes without an inspection. The cost is in microseconds. */
const inlineLimits: ValidatorLimits = { ...defaultLimits, structs: 1_000, values: 20_000, cost: 10_000 }
/** So few cost nothing to decode, whatever they say. */
const harmlessBytes = 256
/** Of Yjs clients that the document does not have, in one update. */
const maxNewClients = 1_000
/** A cost that counts: keystrokes cost some microseconds. */
const noteworthyCost = 200
/** Structs of an inspected update times structs that were accepted since: so many comparisons at most. */
const maxComparisons = 4_000_000

/**
 * `new` changes the document, `known` adds nothing, `gap` builds on something that is not here yet (the sender must
 * send more), `malformed` must never reach the log: one such row would make the document unloadable. `foreign` has edits of
 * a Yjs client that is another user's, or an edit of that user's is not here yet. `early` overlaps, or lies beside,
 * what is on its way to the log, and must wait for it. `heavy` may cost so much
 * time, or lies so, that it must be inspected first.
 */
export type Verdict = 'new' | 'known' | 'gap' | 'early' | 'foreign' | 'malformed' | 'too-large' | 'heavy'

type Options = { limits?: ValidatorLimits; inspected?: Inspection | null }

/**
 * Judges a Yjs update (v1) by a user against a document and what was accepted for it already, and on `new` accepts it.
 * Costs in the order of the update's size, whatever the document's, and at most some ten milliseconds: `heavy` where that
 * is not enough, until there is an inspection.
 */
export function validateUpdate(
  update: Uint8Array,
  doc: Y.Doc,
  accepted: AcceptedEdits,
  userId: string,
  { limits = inlineLimits, inspected = null }: Options = {},
): Verdict {
  if (isEmpty(update)) return 'known'
  if (update.byteLength > limits.bytes) return 'too-large'
  if (update.byteLength > harmlessBytes) {
    const problem = checkSize(update, limits, inspected !== null)
    if (problem) return problem
  }
  let decoded: Decoded
  try {
    decoded = Y.decodeUpdate(update)
  } catch {
    return 'malformed'
  }
  // An update of version 2 reads like that.
  if (decoded.structs.length === 0 && decoded.ds.clients.size === 0) return 'malformed'
  const structs = checkStructs(decoded, doc, accepted, inspected !== null)
  if (typeof structs === 'string') return structs === 'unclear' ? 'heavy' : structs
  const { authors, last } = structs
  const clockOf = (client: number): number => {
    const struct = last.get(client)
    return Math.max(struct ? struct.id.clock + struct.length : 0, accepted.clockOf(doc, client))
  }
  const problem = checkBlocks(update, decoded) ?? checkDeletes(decoded.ds, clockOf)
  if (problem) return problem
  for (const client of authors) if (!accepted.isFree(client, userId)) return 'foreign'
  if (authors.size === 0 && !addsDeletes(decoded.ds, doc)) return 'known'
  const price = inspected
    ? priceInspected(decoded, accepted, inspected)
    : priceInline(decoded, doc, accepted, userId, limits)
  if (price === null) return 'heavy'
  if (!mayAddClients(authors, doc, accepted, userId)) return 'too-large'
  accepted.places.take(structs.places, doc)
  accept(structs, clockOf, price, accepted, userId)
  return 'new'
}

/** Before anything is decoded. */
function checkSize(update: Uint8Array, limits: ValidatorLimits, isInspected: boolean): Verdict | null {
  const size = measureUpdate(update, isInspected ? defaultLimits : limits)
  if (!size) return 'malformed'
  if (isOver(size, defaultLimits)) return 'too-large'
  return !isInspected && isOver(size, limits) ? 'heavy' : null
}

/** Into how many structs the update lets the document grow; null where it may cost too much. */
function priceInline(
  decoded: Decoded,
  doc: Y.Doc,
  accepted: AcceptedEdits,
  userId: string,
  limits: ValidatorLimits,
): number | null {
  const { micros, pieces } = estimateCost(decoded, doc, accepted.inFlight(doc), limits.cost)
  if (micros > limits.cost) return null
  if (micros > noteworthyCost && !accepted.allowanceOf(userId).micros.take(micros)) return null
  return pieces
}

/** The inspection knows what it costs in the document as it was then. */
function priceInspected({ structs, ds }: Decoded, accepted: AcceptedEdits, { pieces }: Inspection): number | null {
  if ((accepted.pieces - pieces) * structs.length > maxComparisons) return null
  let ranges = 0
  for (const { length } of ds.clients.values()) ranges += length
  return structs.length + 2 * ranges
}

function mayAddClients(authors: Set<number>, doc: Y.Doc, accepted: AcceptedEdits, userId: string): boolean {
  let added = 0
  for (const client of authors) if (!accepted.isOwned(client) && !doc.store.clients.has(client)) added++
  if (added === 0) return true
  return added <= maxNewClients && accepted.allowanceOf(userId).clients.take(added)
}

function accept(
  { authors, last, roots }: Outcome,
  clockOf: (client: number) => number,
  pieces: number,
  accepted: AcceptedEdits,
  userId: string,
): void {
  for (const root of roots) accepted.roots.add(root)
  const ends = [...authors].map((client) => [client, clockOf(client)] as const)
  accepted.depart(pieces, ends)
  for (const [client, clock] of ends) {
    accepted.claim(client, userId)
    const struct = last.get(client)
    if (struct) accepted.accept(client, { clock, endsWithGc: struct instanceof Y.GC })
  }
}

/** `[0, 0]`: no structs and no deletes. Providers send it when they have nothing to add. */
export const isEmpty = (update: Uint8Array): boolean => update.byteLength === 2 && update[0] === 0 && update[1] === 0

/** Of two blocks of one Yjs client, Yjs integrates only the last: honest updates have one each. */
function checkBlocks(update: Uint8Array, { structs }: Decoded): 'malformed' | null {
  const blocks = decoding.readVarUint(decoding.createDecoder(update))
  return blocks === new Set(structs.map(({ id }) => id.client)).size ? null : 'malformed'
}

/** Ranges lie in order and apart, as Yjs writes them: overlapping ones would take time by the square of their number. */
function checkDeletes(deletes: Decoded['ds'], clockOf: (client: number) => number): Verdict | null {
  for (const [client, ranges] of deletes.clients) {
    if (!Number.isSafeInteger(client)) return 'malformed'
    let end = 0
    for (const { clock, len } of ranges) {
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
