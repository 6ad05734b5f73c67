import type { Extension, Hocuspocus } from '@hocuspocus/server'
import type { CollabLimits } from '@mdcreator/shared/config'
import { isId } from '@mdcreator/shared/ids'
import { personColor } from '@mdcreator/shared/person-color'
import { type TokenClaims, TokenError, type TokenVerifier } from '@mdcreator/shared/tokens'
import type { Context, Credentials } from '../context.ts'
import { Refusal } from '../guard.ts'
import type { RefusedReason } from '../metrics.ts'
import { type CloseCode, closeCodes } from '../wire/close-codes.ts'
import type { Announcements } from './announcements.ts'
import type { Connections, OpenConnection } from './connections.ts'
import { type Access, allows, type Rights } from './rights.ts'

type Dependencies = {
  verifier: TokenVerifier
  rights: Rights
  announcements: Announcements
  connections: Connections
  limits: Pick<CollabLimits, 'connectionsPerDocument' | 'connectionsPerUser'>
}

/** Lets a connection in: a good token, an existing document, and a role in its workspace. Readers may not write. */
export function authentication(deps: Dependencies): Extension<Context> {
  const { verifier, rights, announcements, connections, limits } = deps
  return {
    async onAuthenticate({ token, documentName, context, connectionConfig, instance }) {
      const refuse = (code: CloseCode, reason: string, counted: RefusedReason = 'signin'): never => {
        context.socket.denied({ documentName, token }, code, reason, counted)
        throw new Refusal(reason)
      }
      if (!isId(documentName)) return refuse(closeCodes.notFound, 'not-found')
      const claims = await verifier.verifyForDocument(token, documentName).catch((error: unknown) => {
        if (!(error instanceof TokenError)) return refuse(closeCodes.tryAgainLater, 'try-again-later')
        return refuse(closeCodes.unauthorized, error.expired ? 'token-expired' : 'invalid-token')
      })
      const credentials = credentialsOf(claims)
      const rightsSince = announcements.now()
      const access = await rights.of({ documentId: documentName, ...credentials }).catch(() => {
        return refuse(closeCodes.tryAgainLater, 'try-again-later')
      })
      const refusal = refusalOf(access)
      if (!access?.workspaceId || refusal) return refuse(...(refusal ?? unauthorized))
      const { id, name, avatarUrl } = access.user
      const crowd = crowdOf(connectionsTo(instance, documentName), connections.countOf(id), limits)
      if (crowd) return refuse(closeCodes.tooMany, 'too-many-connections', crowd)
      connectionConfig.readOnly = !allows(access, 'document.write')
      const user = { id, name, avatar_url: avatarUrl, color: personColor(id) }
      context.socket.admitted()
      return { user, workspaceId: access.workspaceId, credentials, rightsSince }
    },
  }
}

/**
 * Of those who come at the same moment, each was alone when its token was looked at.
 * @throws Refusal where an opened connection is one too many
 */
export function refuseCrowd(
  { connections, limits }: Pick<Dependencies, 'connections' | 'limits'>,
  connection: OpenConnection,
): void {
  const { context, document } = connection
  // It is one of the document's already, and not yet one of its user's.
  const crowd = crowdOf(document.connections.size - 1, connections.countOf(context.user.id), limits)
  if (!crowd) return
  context.socket.turnedAway(connection, closeCodes.tooMany, 'too-many-connections', crowd)
  throw new Refusal('too-many-connections')
}

/** What is full, of a document and its user that have so many connections besides; null where one more may come. */
function crowdOf(inDocument: number, ofUser: number, limits: Dependencies['limits']): RefusedReason | null {
  if (inDocument >= limits.connectionsPerDocument) return 'document-connections'
  return ofUser >= limits.connectionsPerUser ? 'user-connections' : null
}

export const credentialsOf = (claims: TokenClaims): Credentials => ({
  userId: claims.sub,
  sessionId: claims.token_use === 'personal' ? null : (claims.sid ?? null),
  tokenId: claims.token_use === 'personal' ? claims.tid : null,
  expiresAt: claims.exp * 1000,
})

const unauthorized: [CloseCode, string] = [closeCodes.unauthorized, 'invalid-token']

/** Why somebody may not read a document, as the close code and the reason to give; null where they may. */
export function refusalOf(access: Access | null): [CloseCode, string] | null {
  if (!access) return unauthorized
  if (!access.workspaceId) return [closeCodes.notFound, 'not-found']
  return allows(access, 'document.read') ? null : [closeCodes.forbidden, 'forbidden']
}

const connectionsTo = (instance: Hocuspocus, documentName: string): number =>
  instance.documents.get(documentName)?.connections.size ?? 0
