import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { type Configuration, Provider } from 'oidc-provider'

// For tests only: a real OpenID provider on loopback, that signs in whomever `login_hint` names.

export const audience = 'https://docs.example.com'
export const clientId = 'mdcreator'
export const redirectUri = 'http://127.0.0.1:7777/callback'

export type TestProvider = {
  issuer: string
  /** What has been asked for, by path. */
  requests: Map<string, number>
  /** What is added to access tokens. */
  extraClaims: (subject: string) => Record<string, unknown>
  /** Signs from now on with a new key alone. */
  rotate(algorithm?: 'RS256' | 'ES256'): Promise<void>
  /** The private key that signs now. */
  key(): JWK
  /** Access, id and refresh token by the authorization code flow with PKCE. */
  signIn(subject: string): Promise<{ access_token: string; id_token: string; refresh_token: string }>
  /** The environment of a server that is to trust it. */
  environment: Record<string, string>
  stop(): Promise<void>
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void

export async function startOidcProvider(): Promise<TestProvider> {
  let handler: Handler = (_req, res) => void res.writeHead(503).end()
  let key: JWK = {}
  const requests = new Map<string, number>()
  const server = createServer((req, res) => {
    const path = String(req.url).replace(/\?.*/, '')
    requests.set(path, (requests.get(path) ?? 0) + 1)
    handler(req, res)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider: TestProvider = {
    issuer,
    requests,
    extraClaims: () => ({}),
    async rotate(algorithm = 'ES256') {
      const pair = await generateKeyPair(algorithm, { extractable: true })
      key = { ...(await exportJWK(pair.privateKey)), kid: randomBytes(8).toString('hex'), alg: algorithm, use: 'sig' }
      handler = createProvider(issuer, key, provider)
    },
    key: () => key,
    signIn: (subject) => signIn(issuer, subject),
    environment: { AUTH_PROVIDER: 'oidc', OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_AUDIENCE: audience },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  await provider.rotate()
  return provider
}

function createProvider(issuer: string, key: JWK, { extraClaims }: TestProvider): Handler {
  const algorithm = key.alg as 'ES256' | 'RS256'
  const scope = 'openid email profile offline_access'
  const configuration: Configuration = {
    jwks: { keys: [key as never] },
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [redirectUri],
        id_token_signed_response_alg: algorithm,
      },
    ],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    features: {
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          ...{ scope: 'documents', audience, accessTokenTTL: 3600 },
          ...{ accessTokenFormat: 'jwt' as const, jwt: { sign: { alg: algorithm } } },
        }),
      },
    },
    interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId, name: accountId }) }),
    extraTokenClaims: (_ctx, token) => ('accountId' in token ? extraClaims(String(token.accountId)) : {}) as never,
    loadExistingGrant: async (ctx) => {
      const { client, session } = ctx.oidc
      const grant = new ctx.oidc.provider.Grant({
        clientId: String(client?.clientId),
        accountId: String(session?.accountId),
      })
      grant.addOIDCScope(scope)
      grant.addResourceScope(audience, 'documents')
      await grant.save()
      return grant
    },
    issueRefreshToken: async () => true,
  }
  const provider = new Provider(issuer, configuration)
  const answer = provider.callback()
  return async (req, res) => {
    if (!req.url?.startsWith('/interaction/')) return answer(req, res)
    const { params } = await provider.interactionDetails(req, res)
    await provider.interactionFinished(req, res, { login: { accountId: String(params['login_hint']) } })
  }
}

async function signIn(issuer: string, subject: string) {
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    ...{ response_type: 'code', client_id: clientId, redirect_uri: redirectUri, login_hint: subject },
    ...{ scope: 'openid email profile offline_access documents', resource: audience, prompt: 'login' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  const callback = await followToCallback(`${issuer}/auth?${query}`)
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri },
      ...{ code: String(callback.searchParams.get('code')), code_verifier: verifier, resource: audience },
    }),
  })
  if (!response.ok) throw new Error(await response.text())
  return (await response.json()) as { access_token: string; id_token: string; refresh_token: string }
}

/** What a browser does: follows redirects with cookies, as far as the app's own address. */
export async function followToCallback(url: string): Promise<URL> {
  const cookies = new Map<string, string>()
  let next = url
  for (let i = 0; i < 10; i++) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(next, { redirect: 'manual', headers: { Cookie: cookie } })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=')
      cookies.set(name, value)
    }
    const location = response.headers.get('Location')
    if (!location) throw new Error(`${response.status} ${await response.text()}`)
    if (location.startsWith(redirectUri)) return new URL(location)
    next = new URL(location, next).href
  }
  throw new Error('It redirects for ever')
}
