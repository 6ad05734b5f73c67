import * as Y from 'yjs'

export type ValidatorLimits = { bytes: number; structs: number; deletes: number }

export const defaultLimits: ValidatorLimits = { bytes: 4 * 1024 * 1024, structs: 200_000, deletes: 400_000 }

/**
 * `new` changes the document, `known` adds nothing, `gap` builds on something that is not here yet (the sender must
 * send more), `malformed` must never reach the log: one such row would make the document unloadable.
 */
export type Verdict = 'new' | 'known' | 'gap' | 'malformed' | 'too-large'

/** Clocks that were accepted but are not applied yet, by client id. */
export type AcceptedClocks = Map<number, number>

/** Yjs writes clocks as unsigned 32-bit integers in places; beyond this two updates can overflow each other. */
const maxClock = 2 ** 31 - 1

/**
 * Judges a Yjs update (v1) against a document and what was accepted for it already, and on `new` adds the update's
 * clocks to `accepted`. Costs in the order of the update's size, whatever the document's.
 */
export function validateUpdate(
  update: Uint8Array,
  doc: Y.Doc,
  accepted: AcceptedClocks,
  limits = defaultLimits,
): Verdict {
  if (isEmpty(update)) return 'known'
  if (update.byteLength > limits.bytes) return 'too-large'
  let decoded: ReturnType<typeof Y.decodeUpdate>
  try {
    decoded = Y.decodeUpdate(update)
  } catch {
    return 'malformed'
  }
  if (decoded.structs.length > limits.structs) return 'too-large'
  const clocks: AcceptedClocks = new Map()
  const clockOf = (client: number): number => clocks.get(client) ?? knownClock(doc, accepted, client)
  const verdict = checkStructs(decoded.structs, clocks, clockOf) ?? checkDeletes(decoded.ds, clockOf, limits.deletes)
  if (verdict) return verdict
  if (!addsStructs(decoded.structs, doc) && !addsDeletes(decoded.ds, doc)) return 'known'
  for (const [client, clock] of clocks) accepted.set(client, clock)
  return 'new'
}

/** `[0, 0]`: no structs and no deletes. Providers send it when they have nothing to add. */
export const isEmpty = (update: Uint8Array): boolean => update.byteLength === 2 && update[0] === 0 && update[1] === 0

type Decoded = ReturnType<typeof Y.decodeUpdate>

function knownClock(doc: Y.Doc, accepted: AcceptedClocks, client: number): number {
  const applied = Y.getState(doc.store, client)
  const ahead = accepted.get(client)
  if (ahead === undefined) return applied
  if (ahead > applied) return ahead
  accepted.delete(client)
  return applied
}

function checkStructs(
  structs: Decoded['structs'],
  clocks: AcceptedClocks,
  clockOf: (client: number) => number,
): Verdict | null {
  for (const struct of structs) {
    const { client, clock } = struct.id
    if (!Number.isSafeInteger(client) || struct instanceof Y.Skip || !(struct.length > 0)) return 'malformed'
    if (clock + struct.length > maxClock) return 'malformed'
    if (clock > clockOf(client)) return 'gap'
    clocks.set(client, Math.max(clockOf(client), clock + struct.length))
  }
  // Only now is everything known that an item may point at.
  for (const struct of structs) {
    if (!(struct instanceof Y.Item)) continue
    const targets = [struct.origin, struct.rightOrigin, struct.parent instanceof Y.ID ? struct.parent : null]
    for (const target of targets) {
      if (!target) continue
      if (target.clock >= clockOf(target.client)) return 'gap'
      if (target.client === struct.id.client && target.clock >= struct.id.clock) return 'malformed'
    }
  }
  return null
}

function checkDeletes(deletes: Decoded['ds'], clockOf: (client: number) => number, limit: number): Verdict | null {
  let count = 0
  for (const [client, ranges] of deletes.clients) {
    if (!Number.isSafeInteger(client)) return 'malformed'
    for (const { clock, len } of ranges) {
      if (++count > limit) return 'too-large'
      if (!(len > 0) || clock + len > maxClock) return 'malformed'
      if (clock + len > clockOf(client)) return 'gap'
    }
  }
  return null
}

/** Against what is applied, not what is accepted: only what is in the document is surely in the log. */
function addsStructs(structs: Decoded['structs'], doc: Y.Doc): boolean {
  return structs.some((struct) => struct.id.clock + struct.length > Y.getState(doc.store, struct.id.client))
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
