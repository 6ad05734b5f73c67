import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { seededRandom } from './random.ts'

// For tests only: an issuer on loopback that publishes its keys and counts who asks, and forgeries of its tokens.

export const foreignAudience = 'https://docs.example.com'
const clientId = 'mdcreator'

const publish = (key: KeyObject, about: object) => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...about })
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export type KeyServer = Awaited<ReturnType<typeof startKeyServer>>
type Part = Record<string, unknown>

/** Discovery and a JWK set with a key for ES256 and one for RS256. */
export async function startKeyServer() {
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const keys = [
    publish(ec.publicKey, { kid: 'ec', alg: 'ES256' }),
    publish(rsa.publicKey, { kid: 'rsa', alg: 'RS256' }),
  ]
  let fetches = 0
  const server = createServer((req, res) => {
    res.setHeader('Content-Type', 'application/json')
    if (req.url === '/jwks') {
      fetches++
      res.end(JSON.stringify({ keys }))
    } else res.end(JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const now = Math.floor(Date.now() / 1000)

  const claims = (change: Part = {}): Part => ({
    ...{ iss: issuer, aud: foreignAudience, sub: 'ada', client_id: clientId, scope: 'documents', sid: 'one' },
    ...{ iat: now, exp: now + 3600, ...change },
  })
  /** A token with whatever is in it, signed with the right key unless another is given. */
  const make = (change: Part = {}, header: Part = {}, key: KeyObject = ec.privateKey): string => {
    const content = `${encode({ alg: 'ES256', kid: 'ec', typ: 'at+jwt', ...header })}.${encode(claims(change))}`
    const signature = sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' })
    return `${content}.${signature.toString('base64url')}`
  }
  return {
    issuer,
    ...{ ec, rsa, keys, now, claims, make },
    /** How often the keys were asked for. */
    fetches: () => fetches,
    environment: {
      AUTH_PROVIDER: 'oidc',
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: clientId,
      OIDC_AUDIENCE: foreignAudience,
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export type Forgery = { kind: string; token: string; isExpired: boolean }

/** So many forged tokens, the same kinds in the same order for the same seed. */
export function forge(server: KeyServer, seed: number, count: number): Forgery[] {
  const random = seededRandom(seed)
  const all = Object.entries(kinds(server, random))
  return Array.from({ length: count }, (_, i) => {
    const [kind, make] = all[i % all.length] as (typeof all)[number]
    return { kind, token: make(), isExpired: kind === 'expired' }
  })
}

function kinds(server: KeyServer, random: () => number): Record<string, () => string> {
  const { make, claims, now, issuer, ec, rsa, keys } = server
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const word = (): string => Math.floor(random() * 2 ** 40).toString(36)
  const content = (header: Part, change: Part = {}) => `${encode(header)}.${encode(claims(change))}`
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const strangeJwk = stranger.publicKey.export({ format: 'jwk' })
  const secrets = [
    ...[ec, rsa].flatMap(({ publicKey }) => [
      publicKey.export({ format: 'pem', type: 'spki' }),
      publicKey.export({ format: 'der', type: 'spki' }),
    ]),
    ...keys.map((key) => JSON.stringify(key)),
    ...['', 'secret'],
  ]
  const hmac = (bits: string, kid: string) => {
    const text = content({ alg: `HS${bits}`, kid, typ: 'at+jwt' })
    return `${text}.${createHmac(`sha${bits}`, pick(secrets)).update(text).digest('base64url')}`
  }
  const signature = (token: string) => token.slice(token.lastIndexOf('.') + 1)
  return {
    'the algorithm none': () =>
      `${content({ alg: pick(['none', 'None', 'NONE', 'nOnE', '']), kid: 'ec' })}.${pick(['', 'AA'])}`,
    'no algorithm': () => `${content({ kid: 'ec' })}.${signature(make())}`,
    'HMAC under a public key': () => hmac(pick(['256', '384', '512']), pick(['ec', 'rsa'])),
    'RSA instead of EC': () => make({}, { alg: pick(['RS256', 'PS256', 'RS512']), kid: 'ec' }, rsa.privateKey),
    'EC instead of RSA': () => make({}, { alg: pick(['ES256', 'RS256', 'PS256']), kid: 'rsa' }),
    'another algorithm of the key': () => make({}, { alg: pick(['ES384', 'ES512', 'ES256K', 'EdDSA', 'es256']) }),
    'a signature of zeros': () =>
      `${content({ alg: 'ES256', kid: 'ec' })}.${Buffer.alloc(pick([0, 1, 63, 64, 65, 256])).toString('base64url')}`,
    'a signature of another token': () =>
      `${content({ alg: 'ES256', kid: 'ec', typ: 'at+jwt' }, { jti: word() })}.${signature(make())}`,
    'another key': () => make({}, {}, stranger.privateKey),
    'a key it brings': () =>
      make(
        {},
        pick([
          { jwk: strangeJwk },
          { jku: 'http://127.0.0.1:1/jwks' },
          { x5u: 'http://127.0.0.1:1/x' },
          { x5c: ['AA'] },
        ]),
        stranger.privateKey,
      ),
    'an unknown key': () => make({}, { kid: word() }),
    'a trick in place of a key id': () =>
      make(
        {},
        { kid: pick(['../../dev/null', '__proto__', "' or 1=1 --", '', 'EC', 'ec\0', ['ec'], null, 0, { $ne: 1 }]) },
      ),
    'a critical header': () => make({}, pick([{ crit: ['exp'], exp: 1 }, { crit: [] }, { crit: ['b64'], b64: false }])),
    'an unencoded payload': () => make({}, { b64: pick([false, true]) }),
    'another issuer': () =>
      make({
        iss: pick([
          `${issuer}/`,
          issuer.toUpperCase(),
          issuer.replace('http', 'https'),
          `${issuer}.evil.example`,
          `${issuer}#`,
          'https://accounts.example.com',
          [issuer],
          null,
          undefined,
        ]),
      }),
    'another audience': () =>
      make({
        aud: pick([
          `${foreignAudience}/`,
          foreignAudience.toUpperCase(),
          clientId,
          'mdcreator',
          [],
          [clientId],
          { [foreignAudience]: true },
          null,
          undefined,
          1,
        ]),
      }),
    expired: () => make({ exp: now - 1 - Math.floor(random() * 1e6) }),
    'not valid yet': () => make({ nbf: now + 100 + Math.floor(random() * 1e6) }),
    'no end, or none that is a time': () => make({ exp: pick([undefined, null, '9999999999', [now + 60], {}, true]) }),
    'a beginning that is no time': () => make({ nbf: pick(['0', [0], {}, true]) }),
    'an id token': () =>
      make(
        { ...pick([{ nonce: 'n' }, { at_hash: 'h' }, { c_hash: 'h' }]), aud: [clientId, foreignAudience] },
        { typ: pick(['JWT', undefined, 'at+jwt']) },
      ),
    'an id token without a nonce': () => make({ scope: undefined }, { typ: pick(['JWT', undefined]) }),
    'another kind of token': () =>
      pick([
        () => make({}, { typ: pick(['logout+jwt', 'dpop+jwt', 'secevent+jwt', ['at+jwt'], 'id+jwt']), ...{} }),
        () => make({ typ: pick(['ID', 'Refresh']) }, { typ: 'JWT' }),
        () => make({ events: {} }, { typ: 'JWT' }),
      ])(),
    'a token that is bound to a key': () => make({ cnf: pick([{ jkt: 'x' }, { 'x5t#S256': 'x' }, {}]) }),
    'a subject that is none': () =>
      make({ sub: pick([undefined, null, '', 0, ['ada'], { $ne: null }, true, 'x'.repeat(300)]) }),
    'a payload that is no object': () =>
      `${encode({ alg: 'ES256', kid: 'ec' })}.${encode(pick([[], 1, 'x', null, true]))}.${signature(make())}`,
    'deep JSON': () => `${Buffer.from(pick(['[', '{"a":']).repeat(1_500)).toString('base64url')}.e30.AA`,
    'no JSON': () =>
      `${Buffer.from(word()).toString('base64url')}.${Buffer.from([0xff, 0xfe, 0x00]).toString('base64url')}.AA`,
    truncated: () => make().slice(0, Math.floor(random() * 300) + 1),
    'a character more': () => make() + pick(['A', '.', '.AA', '-']),
    giant: () => make({ pad: 'x'.repeat(8_200 - Math.floor(random() * 1_000)) }),
    'parts that are missing': () =>
      pick(['.', '..', 'a.b', 'a..c', '.b.c', 'a.b.c.d.e', `${encode({ alg: 'ES256', kid: 'ec' })}..AA`]),
    'our own issuer': () =>
      make({
        iss: 'http://mdcreator.test',
        aud: 'mdcreator',
        sub: crypto.randomUUID(),
        sid: crypto.randomUUID(),
        token_use: 'access',
      }),
  }
}
