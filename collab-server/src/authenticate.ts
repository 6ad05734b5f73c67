import type { Extension } from '@hocuspocus/server'
import { isId } from '@mdcreator/shared/ids'
import { personColor } from '@mdcreator/shared/person-color'
import { can } from '@mdcreator/shared/roles'
import { TokenError, type TokenVerifier } from '@mdcreator/shared/tokens'
import { type CloseCode, closeCodes } from './close-codes.ts'
import type { Context } from './context.ts'
import { Refusal } from './guard.ts'
import type { Storage } from './storage.ts'

type Dependencies = { verifier: TokenVerifier; storage: Pick<Storage, 'access'> }

/** Lets a connection in: a good token, an existing document, and a role in its workspace. Readers may not write. */
export function authentication({ verifier, storage }: Dependencies): Extension<Context> {
  return {
    async onAuthenticate({ token, documentName, context, connectionConfig }) {
      const refuse = (code: CloseCode, reason: string): never => {
        context.socket.denied(documentName, code, reason)
        throw new Refusal(reason)
      }
      if (!isId(documentName)) return refuse(closeCodes.notFound, 'not-found')
      const claims = await verifier.verify(token).catch((error: unknown) => {
        if (!(error instanceof TokenError)) return refuse(closeCodes.tryAgainLater, 'try-again-later')
        return refuse(closeCodes.unauthorized, error.expired ? 'token-expired' : 'invalid-token')
      })
      const access = await storage.access(documentName, claims.sub, claims.sid ?? null).catch(() => {
        return refuse(closeCodes.tryAgainLater, 'try-again-later')
      })
      if (!access) return refuse(closeCodes.unauthorized, 'invalid-token')
      if (!access.documentExists) return refuse(closeCodes.notFound, 'not-found')
      if (!can(access.role, 'document.read')) return refuse(closeCodes.forbidden, 'forbidden')
      connectionConfig.readOnly = !can(access.role, 'document.write')
      const { id, name, avatarUrl } = access.user
      return { user: { id, name, avatar_url: avatarUrl, color: personColor(id) } }
    },

    async connected({ connection, context }) {
      context.socket.opened(connection)
    },
  }
}
