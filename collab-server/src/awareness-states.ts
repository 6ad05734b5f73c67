import type { TransactionOrigin } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import type { Awareness } from 'y-protocols/awareness'

/** A state as JSON: each is written once, however many are told of it, and not at all where it came as JSON. */
const written = Symbol('JSON')
type State = Record<string, unknown> & { [written]?: string }

function jsonOf(state: State | undefined): string {
  if (!state) return 'null'
  // Not in a WeakMap: a collection of young objects takes its values for alive.
  state[written] ??= JSON.stringify(state)
  return state[written]
}

/** What these clients last said, as an awareness update (y-protocols/awareness). */
export function encodeStates({ meta, states }: Awareness, clientIds: number[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, clientIds.length)
    for (const clientId of clientIds) {
      encoding.writeVarUint(encoder, clientId)
      encoding.writeVarUint(encoder, meta.get(clientId)?.clock ?? 0)
      encoding.writeVarString(encoder, jsonOf(states.get(clientId)))
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
    if (isPresent) {
      const state: State = JSON.parse(json)
      state[written] = json
      states.set(clientId, state)
    } else states.delete(clientId)
    meta.set(clientId, { clock, lastUpdated: Date.now() })
    if (isPresent) changes[before ? 'updated' : 'added'].push(clientId)
    else if (before) changes.removed.push(clientId)
  }
  if (Object.values(changes).some(({ length }) => length > 0)) awareness.emit('update', [changes, origin])
}
