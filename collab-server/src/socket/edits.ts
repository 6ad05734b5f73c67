import type { OpenConnection } from '../access/connections.ts'
import type { LiveDocument } from '../document/live-document.ts'
import type { RefusedReason } from '../metrics.ts'
import type { UpdateLog } from '../update-log/update-log.ts'
import { AcceptedEdits } from '../validation/accepted.ts'
import type { Inspection } from '../validation/inspected.ts'
import { isEmpty, validateUpdate } from '../validation/update-validator.ts'
import { closeCodes } from '../wire/close-codes.ts'
import { type Frame, syncStatus } from '../wire/frame.ts'
import type { ChannelSocket } from './channel-socket.ts'

/** What was found out about an edit before it is judged again. */
export type Known = { isCaughtUp?: boolean; isSettled?: boolean; inspection?: Inspection; inspections?: number }

/** `durable` is the id of its row, once that is committed; `ended` is called once it is applied, or given up. */
export type AcceptedEdit = { durable: Promise<number>; live: LiveDocument; ended: () => void }

/** On its way to the log; nothing to store; refused (and answered); or something must be found out first. */
export type Judged = AcceptedEdit | null | 'refused' | Promise<Known>

/** Decides what becomes of a frame: an edit that may be made is sent to the log. */
export function judgeEdit(
  connection: OpenConnection,
  frame: Frame,
  socket: ChannelSocket,
  channel: { resync(connection: OpenConnection): boolean; inStep(): void },
  known: Known,
): Judged {
  const { update } = frame
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

  const refuse = (reason: RefusedReason): 'refused' => {
    metrics.refused.inc({ reason })
    return 'refused'
  }
  const outOfStep = (): 'refused' => {
    if (!channel.resync(connection)) socket.close(closeCodes.invalidPayload, 'The edits cannot be brought into step')
    return refuse('gap')
  }
  const { inspection: inspected = null } = known
  const found = inspected?.verdict ?? 'ok'
  const verdict =
    found === 'ok' ? validateUpdate(update, connection.document, live.accepted, user.id, { inspected }) : found
  switch (verdict) {
    case 'known':
      return null
    case 'new':
      channel.inStep()
      return { live, ended: live.begun(update.byteLength), durable: append(updateLog, live, update, user.id) }
    case 'heavy':
      return inspect(live, update, user.id, socket, known)
    case 'early':
      if (known.isSettled) return outOfStep()
      return live.edited().then(() => ({ ...known, isSettled: true }))
    case 'gap':
    case 'foreign':
      // What it builds on, or the edits of the other user's client, may be on another server.
      if (cluster && !known.isCaughtUp) {
        const caughtUp = (): Known => ({ isCaughtUp: true, inspections: known.inspections ?? 0 })
        return cluster.caughtUp().then(caughtUp, caughtUp)
      }
      if (verdict === 'gap') return outOfStep()
      socket.close(closeCodes.invalidPayload, 'Edits of another user')
      return refuse('foreign')
    case 'malformed':
      socket.close(closeCodes.invalidPayload, 'Malformed edit')
      return refuse('malformed')
    case 'too-large':
      socket.close(closeCodes.tooLarge, 'The edit is too large')
      return refuse('edit-size')
  }
}

function append(updateLog: UpdateLog, live: LiveDocument, data: Uint8Array, userId: string): Promise<number> {
  const durable = updateLog.append({ documentId: live.id, data, userId, origin: 'client' })
  // Awaited in its turn, which may come later.
  durable.catch(() => {})
  return durable
}

/** An inspection can be outdated by what others write meanwhile, but not for ever. */
const maxInspections = 3

/** Tries a dear edit on a copy first; nothing of this connection overtakes it. */
async function inspect(
  live: LiveDocument,
  update: Uint8Array,
  userId: string,
  { services }: ChannelSocket,
  known: Known,
): Promise<Known> {
  const inspections = (known.inspections ?? 0) + 1
  const { inspector, log } = services
  try {
    if (inspections > maxInspections) throw new Error('The document changes too fast for such an edit')
    await live.edited()
    if (live.document.isDestroyed) return known
    return { ...known, inspections, inspection: await inspector.inspect(update, live.document, live.accepted, userId) }
  } catch (err) {
    log.info({ err, document: live.id }, 'an edit could not be inspected')
    return { ...known, inspections, inspection: { verdict: 'too-large', millis: 0, pieces: 0 } }
  }
}

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
  live.weight + live.bytesOnTheWay + update.byteLength > services.limits.maxDocumentBytes && !onlyDeletes(update)

function refuseGrowth(connection: OpenConnection, live: LiveDocument, socket: ChannelSocket): 'refused' {
  const { limits, metrics } = socket.services
  connection.sendStateless(sizeNotice('document.full', live, limits.maxDocumentBytes))
  socket.send(syncStatus(connection.messageAddress, false))
  metrics.refused.inc({ reason: 'document-size' })
  return 'refused'
}

/** A stateless message for the editor, as JSON: sizes in bytes. */
export const sizeNotice = (type: 'document.large' | 'document.full', live: LiveDocument, limit: number): string =>
  JSON.stringify({ type, bytes: live.weight, limit })
