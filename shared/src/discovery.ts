import { isJwks, type Jwks } from 'aws-jwt-verify/jwk'
import type { Json } from 'aws-jwt-verify/safe-json-parse'
import { z } from 'zod'
import { askOutside, OutsideError } from './outside.ts'

/** What we use of an issuer's metadata (OpenID Connect Discovery 1.0, section 3). Cognito's lack much of it without a domain. */
const Metadata = z.object({
  issuer: z.string(),
  jwks_uri: z.url(),
  authorization_endpoint: z.url({ protocol: /^https?$/ }).optional(),
  token_endpoint: z.url().optional(),
  userinfo_endpoint: z.url().optional(),
  scopes_supported: z.array(z.string()).optional(),
})
export type Metadata = z.output<typeof Metadata>

const maxAgeMs = 10 * 60_000

/** An issuer known by its name alone: its metadata and its keys, asked for when they are needed. */
export class RemoteIssuer {
  readonly issuer: string
  readonly trustedHosts: readonly string[]
  private known: { metadata: Metadata; at: number } | undefined
  private asking: Promise<Metadata> | undefined

  constructor(issuer: string) {
    this.issuer = issuer
    this.trustedHosts = [new URL(issuer).host]
  }

  /** At most ten minutes old; older where the issuer does not answer. @throws OutsideError */
  async metadata(): Promise<Metadata> {
    if (this.known && performance.now() - this.known.at < maxAgeMs) return this.known.metadata
    this.asking ??= this.discover().finally(() => {
      this.asking = undefined
    })
    try {
      return await this.asking
    } catch (error) {
      if (this.known) return this.known.metadata
      throw error
    }
  }

  /** @throws OutsideError */
  async keys(): Promise<Jwks> {
    return this.keysAt((await this.metadata()).jwks_uri)
  }

  /** The keys at a known address. @throws OutsideError */
  async keysAt(uri: string): Promise<Jwks> {
    const { status, body } = await askOutside(uri, this)
    if (status !== 200 || !isJwks(body as Json)) throw new OutsideError('The issuer publishes no keys')
    return body as unknown as Jwks
  }

  private async discover(): Promise<Metadata> {
    const url = `${this.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
    const { status, body } = await askOutside(url, this)
    const result = Metadata.safeParse(body)
    if (status !== 200 || !result.success) throw new OutsideError('The issuer has no metadata')
    // Or it could speak for another (section 4.3).
    if (result.data.issuer !== this.issuer) throw new OutsideError('The metadata are of another issuer')
    this.known = { metadata: result.data, at: performance.now() }
    return result.data
  }
}
