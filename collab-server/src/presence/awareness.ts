import type { Connection } from '@hocuspocus/server'
import * as decoding from 'lib0/decoding'
import type { Identity } from '../context.ts'
import { type AwarenessEntry, type ClaimedClients, speakersOf } from './speakers.ts'

/** A caret, a name and a little more. */
const maxStateBytes = 4 * 1024
/** States are renewed every 15 s: beyond, somebody means to stay for ever. */
const maxClock = 2 ** 31 - 1
/** More than there are people in a document, of whom y-websocket's provider repeats all. */
const maxEntries = 10_000

/**
 * Applies what a connection says of itself (y-protocols/awareness). Who it is comes from the token: whatever a client calls
 * itself, the others see the account's name and colour. A connection speaks for one Yjs client only, so nobody can move or
 * remove another's caret; what it says of others is passed over, for y-websocket's provider repeats what it hears.
 *
 * Not left to Hocuspocus, which builds a Y.Doc for each message, lets that one's own id in as somebody without a name, and
 * drops the state of a client that says it leaves.
 * @returns false where it was refused: too large a state, or somebody else's client
 * @throws Error where it is no awareness update
 */
export function applyAwareness(connection: Connection, update: Uint8Array, claimed: ClaimedClients): boolean {
  if (!connection.document.hasConnection(connection)) return true
  const speakers = speakersOf(connection.document)
  const entries = readEntries(update)
  const clientId = speakers.clientOf(connection)
  const own =
    clientId === null ? speakers.claim(connection, entries, claimed) : entries.find((it) => it.clientId === clientId)
  if (own === 'taken') return false
  if (!own || !speakers.isNews(connection, own)) return true
  if (own.state.byteLength > maxStateBytes) return false
  const state = parse(utf8.decode(own.state))
  const user: Identity = connection.context.user
  speakers.say(connection, own.clock, state && { ...state, user })
  return true
}

const utf8 = new TextDecoder()

function readEntries(update: Uint8Array): AwarenessEntry[] {
  const decoder = decoding.createDecoder(update)
  const entries: AwarenessEntry[] = []
  const count = decoding.readVarUint(decoder)
  if (count > maxEntries) throw new Error('More awareness states than there are people')
  for (let left = count; left > 0; left--) {
    const clientId = decoding.readVarUint(decoder)
    const clock = decoding.readVarUint(decoder)
    if (clock > maxClock) throw new Error('The clock of the awareness state is too high')
    entries.push({ clientId, clock, state: decoding.readVarUint8Array(decoder) })
  }
  return entries
}

function parse(json: string): Record<string, unknown> | null {
  const state: unknown = JSON.parse(json)
  if (typeof state !== 'object' || Array.isArray(state)) throw new Error('An awareness state must be an object')
  return state as Record<string, unknown> | null
}
