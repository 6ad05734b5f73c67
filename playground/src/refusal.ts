import { RECONNECTING } from './collab-socket.ts'

/** What a closed connection, or a document refused on an open one, means for the page. */
export type Refusal =
  | 'dropped' // the network or a deployment: the socket reconnects by itself
  | 'restarting'
  | 'expired' // a new token will do
  | 'recheck' // ask the API what has become of the document
  | 'busy'
  | 'later'
  | 'gone'
  | 'forbidden'
  | 'too-large'
  | 'out-of-step'

const byCode: Record<number, Refusal> = {
  1007: 'out-of-step',
  1009: 'too-large',
  1012: 'restarting',
  1013: 'later',
  4401: 'expired',
  4403: 'forbidden',
  4404: 'gone',
  4408: 'busy',
}

const byReason: Record<string, Refusal> = {
  'token-expired': 'expired',
  'invalid-token': 'expired',
  'not-found': 'gone',
  forbidden: 'forbidden',
  'too-many-connections': 'busy',
  'try-again-later': 'later',
  'internal-error': 'later',
  [RECONNECTING]: 'dropped',
  // The provider's own name for a connection that has gone silent; its code is 4408.
  forced: 'dropped',
}

/** Hocuspocus gives 1000 for one document closed on an open socket: then only the reason tells. */
export function refusalOf(code: number, reason: string): Refusal {
  return byReason[reason] ?? byCode[code] ?? (code === 1000 ? 'recheck' : 'dropped')
}
