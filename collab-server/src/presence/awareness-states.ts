import type { TransactionOrigin } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { Awareness } from 'y-protocols/awareness'

/** What these clients last said, as y-protocols' encodeAwarenessUpdate; also where one of them is forgotten by now. */
export function encodeStates({ meta, states }: Awareness, clientIds: number[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clientIds.length)
    for (const clientId of clientIds) {
      encoding.writeVarUint(encoder, clientId)
      encoding.writeVarUint(encoder, meta.get(clientId)?.clock ?? 0)
      // Not kept for the next who is told: what lives as long as a cursor rests costs the collector more.
      encoding.writeVarString(encoder, JSON.stringify(states.get(clientId) ?? null))
    }
  })
}

/**
 * Applies an awareness update of another server, as y-protocols would, but for its event `change`, which nobody here
 * listens to; calls `eachClient` for whom it is about.
 * @throws Error where it is none
 */
export function applyStates(
  awareness: Awareness,
  update: Uint8Array,
  origin: TransactionOrigin,
  eachClient: (clientId: number, isPresent: boolean) => void,
): void {
  const { meta, states } = awareness
  const changes = { added: [] as number[], updated: [] as number[], removed: [] as number[] }
  const decoder = decoding.createDecoder(update)
  for (let left = decoding.readVarUint(decoder); left > 0; left--) {
    const clientId = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    const json = decoding.readVarString(decoder)
    const isPresent = json !== 'null'
    eachClient(clientId, isPresent)
    const before = meta.get(clientId)
    const isEnd = !isPresent && states.has(clientId)
    if (clock < (before?.clock ?? 0) || (clock === (before?.clock ?? 0) && !isEnd)) continue
    if (isPresent) states.set(clientId, JSON.parse(json))
    else states.delete(clientId)
    meta.set(clientId, { clock, lastUpdated: Date.now() })
    if (isPresent) changes[before ? 'updated' : 'added'].push(clientId)
    else if (before) changes.removed.push(clientId)
  }
  if (Object.values(changes).some(({ length }) => length > 0)) awareness.emit('update', [changes, origin])
}
