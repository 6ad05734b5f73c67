import type { CognitoConfig, Config, OAuthConfig, OidcConfig } from '@mdcreator/shared/config'
import { RemoteIssuer } from '@mdcreator/shared/discovery'
import { askOutside } from '@mdcreator/shared/outside'
import type { z } from 'zod'
import type { BrowserReply } from '../../http/endpoint.ts'
import { unavailable } from '../../http/problem.ts'
import type { Tokens } from '../auth.schema.ts'
import {
  type AuthorizeQuery,
  complaintPage,
  pageHeaders,
  readAuthorization,
  refused,
  requireClient,
  type TokenRequest,
  withParameters,
} from '../authorization/index.ts'
import { refusedRefresh } from '../refresh.ts'
import { elsewhere } from './problems.ts'
import { type ForeignDeps, passOn, TokenResponse } from './tokens.ts'

type Foreign = CognitoConfig | OidcConfig

/**
 * Signing in with the browser at another issuer, and refreshing there. Our endpoints lead to its own: its page, its code,
 * its tokens. PKCE is between it and the app; it has to know the app's address too.
 */
export class Handover {
  private readonly auth: Foreign
  private readonly remote: RemoteIssuer
  private readonly config: { issuer: string; oauth: OAuthConfig }
  private readonly deps: ForeignDeps

  constructor(auth: Foreign, config: Config, deps: ForeignDeps) {
    this.auth = auth
    this.remote = new RemoteIssuer(auth.issuer)
    this.config = config
    this.deps = deps
  }

  /** Sends the browser on, as ourselves at the issuer. @throws Problem 501 where it has no page for that */
  async authorize(query: z.output<typeof AuthorizeQuery>): Promise<BrowserReply> {
    const reading = readAuthorization(query, this.config.oauth, this.config.issuer)
    if ('complaint' in reading) return { page: complaintPage(reading.complaint), status: 400, headers: pageHeaders() }
    if ('redirect' in reading) return reading
    const { authorization_endpoint: endpoint, scopes_supported: known } = await this.remote.metadata()
    if (!endpoint) throw elsewhere(this.auth.issuer)
    const { redirectUri, state, codeChallenge, loginHint } = reading.request
    const scopes = ['openid', 'email', 'profile', 'offline_access'].filter((name) => !known || known.includes(name))
    const redirect = withParameters(endpoint, {
      ...{ response_type: 'code', client_id: this.auth.clientId, redirect_uri: redirectUri, state },
      ...{ code_challenge: codeChallenge, code_challenge_method: 'S256', scope: scopes.join(' ') },
      ...(loginHint && { login_hint: loginHint }),
      ...this.resource(),
    })
    return { redirect }
  }

  /** @throws Problem 400 as OAuth has it */
  async exchange(body: TokenRequest): Promise<Tokens> {
    requireClient(body, this.config.oauth)
    const { grant_type, code, redirect_uri, code_verifier, refresh_token } = body
    if (grant_type === 'refresh_token') {
      if (!refresh_token) throw refused('invalid_request', 'refresh_token is required')
      const answer = await this.ask({ grant_type, refresh_token })
      if (!answer) throw refused('invalid_grant', 'The refresh token is not valid: sign in again')
      return passOn(this.deps.db, { refresh_token, ...answer })
    }
    if (grant_type !== 'authorization_code') {
      throw refused('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token')
    }
    if (!code || !redirect_uri || !code_verifier) {
      throw refused('invalid_request', 'code, redirect_uri and code_verifier are required')
    }
    const answer = await this.ask({ grant_type, code, redirect_uri, code_verifier })
    if (!answer) throw refused('invalid_grant', 'The code is not valid: sign in again')
    return passOn(this.deps.db, answer)
  }

  /** @throws Problem 401 */
  async refresh(refreshToken: string): Promise<Tokens> {
    const answer = await this.ask({ grant_type: 'refresh_token', refresh_token: refreshToken })
    if (!answer) throw refusedRefresh()
    return passOn(this.deps.db, { refresh_token: refreshToken, ...answer })
  }

  /** What the issuer's token endpoint answers, or undefined where it refuses. */
  private async ask(parameters: Record<string, string>): Promise<z.output<typeof TokenResponse> | undefined> {
    const { token_endpoint: url } = await this.remote.metadata()
    if (!url) throw elsewhere(this.auth.issuer)
    const { clientId } = this.auth
    const secret = this.auth.provider === 'cognito' ? this.auth.clientSecret : null
    const { status, body } = await askOutside(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded',
        ...(secret && { Authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` }),
      },
      body: new URLSearchParams({ ...parameters, client_id: clientId, ...this.resource() }).toString(),
      trustedHosts: this.remote.trustedHosts,
    })
    if (status >= 500 || status === 429) throw unavailable('The issuer does not answer now')
    const answer = TokenResponse.safeParse(body)
    return status === 200 && answer.success ? answer.data : undefined
  }

  /** Whom the access token is to be for: RFC 8707 where it is an address, and the name that Auth0 has for it. */
  private resource(): Record<string, string> {
    if (this.auth.provider === 'cognito') return {}
    const { audience } = this.auth
    return { audience, ...(/^https?:/.test(audience) && { resource: audience }) }
  }
}
