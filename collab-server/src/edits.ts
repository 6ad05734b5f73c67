import { AcceptedEdits } from './accepted.ts'
import type { ChannelSocket } from './channel-socket.ts'
import { closeCodes } from './close-codes.ts'
import type { OpenConnection } from './connections.ts'
import { type Frame, resyncMessages, syncStatus } from './frame.ts'
import type { LiveDocument } from './live-document.ts'
import { isEmpty, validateUpdate } from './update-validator.ts'

/** What was found out about an edit before it is judged again. */
export type Known = { isCaughtUp?: boolean; isInspected?: boolean }

/** On its way to the log; nothing to store; refused (and answered); or something must be found out first. */
export type Judged = { durable: Promise<number>; live: LiveDocument } | null | 'refused' | Promise<Known>

/** Decides what becomes of a frame: an edit that may be made is sent to the log. */
export function judgeEdit(
  connection: OpenConnection,
  frame: Frame,
  socket: ChannelSocket,
  channel: { mayResync(): boolean; inStep(): void },
  known: Known,
): Judged {
  const { update, address } = frame
  const { documents, updateLog, cluster, metrics } = socket.services
  const live = documents.of(connection.document)
  if (!live) return 'refused'
  const { user, credentials } = connection.context
  if (Date.now() >= credentials.expiresAt) {
    socket.closeDocument(connection, closeCodes.unauthorized, 'token-expired')
    return 'refused'
  }
  if (!update || isEmpty(update)) return null
  if (connection.readOnly) return refuseWrite(connection, update, socket)
  if (isFull(live, update, socket)) return refuseGrowth(connection, live, socket)

  const refuse = (reason: 'gap' | 'malformed' | 'frame-size'): 'refused' => {
    metrics.refused.inc({ reason })
    return 'refused'
  }
  const verdict = validateUpdate(update, connection.document, live.accepted, user.id)
  switch (verdict) {
    case 'known':
      return null
    case 'new':
      channel.inStep()
      live.begun()
      return {
        live,
        durable: updateLog.append({ documentId: live.id, data: update, userId: user.id, origin: 'client' }),
      }
    case 'gap':
      // What it builds on may be another server's.
      if (cluster && !known.isCaughtUp) return cluster.caughtUp().then(caughtUp, caughtUp)
      if (!channel.mayResync()) socket.close(closeCodes.invalidPayload, 'The edits cannot be brought into step')
      else for (const message of resyncMessages(address, connection.document)) socket.send(message)
      return refuse('gap')
    case 'malformed':
      socket.close(closeCodes.invalidPayload, 'Malformed edit')
      return refuse('malformed')
    case 'too-large':
      socket.close(closeCodes.tooLarge, 'The edit is too large')
      return refuse('frame-size')
  }
}

const caughtUp = (): Known => ({ isCaughtUp: true })

/** A reader's edit: only what adds nothing is acknowledged (providers send all they have when they connect). */
function refuseWrite(connection: OpenConnection, update: Uint8Array, socket: ChannelSocket): 'refused' {
  const { user } = connection.context
  const isKnown = validateUpdate(update, connection.document, new AcceptedEdits(), user.id) === 'known'
  socket.send(syncStatus(connection.messageAddress, isKnown))
  if (!isKnown) socket.services.metrics.refused.inc({ reason: 'read-only' })
  return 'refused'
}

/** An update without structs only deletes, and may always. */
const onlyDeletes = (update: Uint8Array): boolean => update[0] === 0

const isFull = (live: LiveDocument, update: Uint8Array, { services }: ChannelSocket): boolean =>
  live.bytes + update.byteLength > services.limits.maxDocumentBytes && !onlyDeletes(update)

function refuseGrowth(connection: OpenConnection, live: LiveDocument, socket: ChannelSocket): 'refused' {
  const { limits, metrics } = socket.services
  connection.sendStateless(sizeNotice('document.full', live, limits.maxDocumentBytes))
  socket.send(syncStatus(connection.messageAddress, false))
  metrics.refused.inc({ reason: 'document-size' })
  return 'refused'
}

/** A stateless message for the editor, as JSON: sizes in bytes. */
export const sizeNotice = (type: 'document.large' | 'document.full', live: LiveDocument, limit: number): string =>
  JSON.stringify({ type, bytes: live.bytes, limit })
