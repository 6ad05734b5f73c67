import type { Config } from '@mdcreator/shared/config'
import { RemoteIssuer } from '@mdcreator/shared/discovery'
import { isTicket } from '@mdcreator/shared/document-ticket'
import { readCognitoToken, readOidcToken } from '@mdcreator/shared/foreign-tokens'
import { localAudience, readLocalToken } from '@mdcreator/shared/local-tokens'
import { isPersonal } from '@mdcreator/shared/personal-token'
import { createTokenVerifier, type ForeignClaims, type Issuer, type PreparedVerifier } from '@mdcreator/shared/tokens'
import { Admission } from './admission.ts'
import type { Database } from './database.ts'
import { redeemTicket } from './document-tickets.ts'
import { verifyPersonalToken } from './personal-tokens.ts'
import { publishedKeys } from './signing-keys.ts'

type Options = {
  db: Database
  config: Pick<Config, 'issuer' | 'auth'>
  /** Makes an account for somebody whom another issuer vouches for and we do not know. Without it they are refused. */
  provision?: (foreign: ForeignClaims) => Promise<void>
}

/**
 * The verifier of both servers: access tokens of the configured issuer, our own tokens and tickets for one
 * document, and personal access tokens.
 */
export function tokenVerifier({ db, config, provision }: Options): PreparedVerifier {
  const { auth } = config
  const local: Issuer = {
    issuer: config.issuer,
    audience: localAudience,
    // From the database: neither server needs to reach the other.
    fetchKeys: () => publishedKeys(db),
    read: (jwt) => readLocalToken(jwt, auth.provider === 'local' ? 'all' : 'document-tokens'),
  }
  const jwts = createTokenVerifier(auth.provider === 'local' ? [local] : [local, foreignIssuer()])

  function foreignIssuer(): Issuer {
    const admission = new Admission(db, provision)
    const admit = (foreign: ForeignClaims) => admission.admit(foreign)
    if (auth.provider === 'oidc') {
      const remote = new RemoteIssuer(auth.issuer)
      const { issuer, audience } = auth
      return { issuer, audience, fetchKeys: () => remote.keys(), read: readOidcToken, admit }
    }
    if (auth.provider !== 'cognito') throw new TypeError('the local issuer is not foreign')
    const remote = new RemoteIssuer(auth.issuer)
    const fetchKeys = () => remote.keysAt(`${auth.issuer}/.well-known/jwks.json`)
    return { issuer: auth.issuer, audience: null, fetchKeys, read: (jwt) => readCognitoToken(jwt, auth), admit }
  }

  return {
    prepare: () => jwts.prepare(),
    verify: (token) => (isPersonal(token) ? verifyPersonalToken(db, token) : jwts.verify(token)),
    verifyForDocument(token, documentId) {
      if (isTicket(token)) return redeemTicket(db, token, documentId)
      return isPersonal(token) ? verifyPersonalToken(db, token) : jwts.verifyForDocument(token, documentId)
    },
  }
}
