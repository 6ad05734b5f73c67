import type { Connection } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { applyAwarenessUpdate } from 'y-protocols/awareness'
import type { Identity } from './context.ts'

/** A caret, a name and a little more. */
const maxStateBytes = 4 * 1024
/** States are renewed every 15 s: beyond, somebody means to stay for ever. */
const maxClock = 2 ** 31 - 1

/**
 * Applies what a connection says of itself (y-protocols/awareness). Who it is comes from the token: whatever a client calls
 * itself, the others see the account's name and colour. A connection speaks for one Yjs client only, the first it names
 * (`clientId`), so nobody can move or remove another's caret. Returns that client's id.
 *
 * Not left to Hocuspocus, which builds a Y.Doc for each message, lets that one's own id in as somebody without a name, and
 * drops the state of a client that says it leaves.
 * @throws Error where it is no awareness update, or too large
 */
export function applyAwareness(connection: Connection, update: Uint8Array, clientId: number | null): number | null {
  const own = readStates(update).find((state) => clientId === null || state.clientId === clientId)
  if (!own || (clientId === null && isTaken(connection, own.clientId))) return clientId
  const user: Identity = connection.context.user
  const state = own.state === null ? null : { ...own.state, user }
  const rewritten = encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1)
    encoding.writeVarUint(encoder, own.clientId)
    encoding.writeVarUint(encoder, own.clock)
    encoding.writeVarString(encoder, JSON.stringify(state))
  })
  applyAwarenessUpdate(connection.document.awareness, rewritten, { source: 'connection', connection })
  return own.clientId
}

/** True where somebody else speaks for that Yjs client; one's own old connection may not have ended yet. */
function isTaken({ document, context }: Connection, clientId: number): boolean {
  return document
    .getConnections()
    .some((other) => other.context.user.id !== context.user.id && document.getClients(other).has(clientId))
}

type State = { clientId: number; clock: number; state: Record<string, unknown> | null }

function readStates(update: Uint8Array): State[] {
  if (update.byteLength > maxStateBytes) throw new Error('The awareness state is too large')
  const decoder = decoding.createDecoder(update)
  return Array.from({ length: Math.min(decoding.readVarUint(decoder), update.byteLength) }, () => {
    const clientId = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    if (clock > maxClock) throw new Error('The clock of the awareness state is too high')
    const state: unknown = JSON.parse(decoding.readVarString(decoder))
    if (typeof state !== 'object' || Array.isArray(state)) throw new Error('An awareness state must be an object')
    return { clientId, clock, state: state as State['state'] }
  })
}
