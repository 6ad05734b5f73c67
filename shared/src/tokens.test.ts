import { createHmac, createSign, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { Jwks } from 'aws-jwt-verify/jwk'
import { expect } from 'chai'
import { newId } from './ids.ts'
import { readLocalToken } from './local-tokens.ts'
import {
  createTokenVerifier,
  KeysUnavailableError,
  type PreparedVerifier,
  type TokenClaims,
  TokenError,
} from './tokens.ts'

const issuer = 'https://docs.example.com'
const now = Math.floor(Date.now() / 1000)
const document = newId()
const user = newId()
const session = newId()

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publish = (key: KeyObject, about: object) => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...about })
const published = {
  keys: [publish(keys.publicKey, { kid: 'ours', alg: 'ES256' }), publish(rsa.publicKey, { kid: 'rsa', alg: 'RS256' })],
} as Jwks

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const claims = (change: object = {}) => ({
  ...{ iss: issuer, aud: 'mdcreator', sub: user, sid: session, iat: now, exp: now + 3600, token_use: 'access' },
  ...change,
})
const forDocument = (change: object = {}) => claims({ token_use: 'collab', doc: document, ...change })

/** A token with whatever header and payload, signed by our key unless another is given. */
function makeToken(payload: object, header: object = {}, key = keys.privateKey): string {
  const content = `${encode({ alg: 'ES256', kid: 'ours', ...header })}.${encode(payload)}`
  return `${content}.${sign('sha256', Buffer.from(content), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

describe('tokens', () => {
  let fetches = 0
  const newVerifier = (fetchKeys = async () => published): PreparedVerifier =>
    createTokenVerifier([
      {
        ...{ issuer, audience: 'mdcreator', read: (jwt) => readLocalToken(jwt, 'all') },
        fetchKeys: () => {
          fetches++
          return fetchKeys()
        },
      },
    ])
  let verifier: PreparedVerifier
  beforeEach(() => {
    fetches = 0
    verifier = newVerifier()
  })

  async function refusal(verified: Promise<TokenClaims>): Promise<TokenError> {
    const error = await verified.then(
      () => expect.fail('was accepted'),
      (error: unknown) => error,
    )
    expect(error).to.be.instanceOf(TokenError)
    return error as TokenError
  }

  describe('for everything', () => {
    it('open every endpoint and every document', async () => {
      const token = makeToken(claims())
      expect(await verifier.verify(token)).to.deep.include({ sub: user, sid: session, exp: now + 3600 })
      expect(await verifier.verifyForDocument(token, document)).to.deep.include({ sub: user, exp: now + 3600 })
    })

    it('say when they have expired, and nothing else', async () => {
      expect((await refusal(verifier.verify(makeToken(claims({ exp: now - 1 }))))).expired).to.equal(true)
      const early = await refusal(verifier.verify(makeToken(claims({ nbf: now + 86_400 }))))
      expect([early.expired, early.message]).to.deep.equal([false, 'The token is not valid'])
    })
  })

  describe('for one document', () => {
    it('open that document', async () => {
      const opened = await verifier.verifyForDocument(makeToken(forDocument()), document)
      expect(opened).to.deep.include({ sub: user, sid: session, doc: document, exp: now + 3600 })
    })

    it('open no endpoint', async () => {
      expect((await refusal(verifier.verify(makeToken(forDocument())))).expired).to.equal(false)
    })

    it('open no other document, whatever it is called', async () => {
      for (const other of [newId(), '', document.toUpperCase(), `${document} `, `${document}\0`, '__proto__']) {
        await refusal(verifier.verifyForDocument(makeToken(forDocument()), other))
      }
    })

    for (const doc of [undefined, null, '', '*', '__proto__', [document], { id: document }, document.toUpperCase()]) {
      it(`are refused where the document is ${JSON.stringify(doc)}`, async () => {
        await refusal(verifier.verifyForDocument(makeToken(forDocument({ doc })), String(doc)))
        await refusal(verifier.verifyForDocument(makeToken(forDocument({ doc })), document))
      })
    }

    it('end with their time, and with no session are none', async () => {
      const old = await refusal(verifier.verifyForDocument(makeToken(forDocument({ exp: now - 1 })), document))
      expect(old.expired).to.equal(true)
      await refusal(verifier.verifyForDocument(makeToken(forDocument({ sid: undefined })), document))
      await refusal(verifier.verifyForDocument(makeToken(forDocument({ nbf: now + 86_400 })), document))
    })
  })

  const content = (header: object) => `${encode({ kid: 'ours', ...header })}.${encode(forDocument())}`
  const publicPem = keys.publicKey.export({ format: 'pem', type: 'spki' })
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const strangerJwk = stranger.publicKey.export({ format: 'jwk' })
  const signRsa = (alg: string, kid: string) =>
    `${content({ alg, kid })}.${createSign('sha256').update(content({ alg, kid })).sign(rsa.privateKey, 'base64url')}`
  const hmac = (secret: string | Buffer) =>
    `${content({ alg: 'HS256' })}.${createHmac('sha256', secret)
      .update(content({ alg: 'HS256' }))
      .digest('base64url')}`
  const resign = (change: object, header: object = {}) => makeToken(forDocument(change), header)

  const forgeries: Record<string, string> = {
    'the algorithm none': `${content({ alg: 'none' })}.`,
    'no algorithm': `${content({})}.`,
    'HMAC under the public key': hmac(publicPem),
    'HMAC under the public key as JSON': hmac(JSON.stringify(published.keys[0])),
    'another algorithm of the same key': resign({}, { alg: 'ES384' }),
    'an RSA algorithm for our key': signRsa('RS256', 'ours'),
    'PS256 for an RS256 key': signRsa('PS256', 'rsa'),
    'our algorithm for the RSA key': resign({}, { kid: 'rsa' }),
    'a signature of zeros': `${content({ alg: 'ES256' })}.${Buffer.alloc(64).toString('base64url')}`,
    'no signature': `${content({ alg: 'ES256' })}.`,
    'a signature in DER': `${content({ alg: 'ES256' })}.${createSign('sha256')
      .update(content({ alg: 'ES256' }))
      .sign(keys.privateKey, 'base64url')}`,
    'the key of a stranger': makeToken(forDocument(), {}, stranger.privateKey),
    'a key that it brings': makeToken(forDocument(), { jwk: strangerJwk }, stranger.privateKey),
    'a key set that it names': makeToken(forDocument(), { jku: 'https://evil.example.com' }, stranger.privateKey),
    'a certificate that it names': makeToken(forDocument(), { x5u: 'https://evil.example.com' }, stranger.privateKey),
    'a path as key id': resign({}, { kid: '../../dev/null' }),
    'no key id': resign({}, { kid: undefined }),
    'a list of key ids': resign({}, { kid: ['ours'] }),
    'a prototype as key id': resign({}, { kid: '__proto__' }),
    'a critical header': resign({}, { crit: ['exp'], exp: 1 }),
    'an unencoded payload': resign({}, { b64: false }),
    'no end': resign({ exp: undefined }),
    'a text as end': resign({ exp: String(now + 3600) }),
    'an endless end': resign({ exp: null }),
    'a text as beginning': resign({ nbf: String(now) }),
    'no issuer': resign({ iss: undefined }),
    'an issuer with a slash more': resign({ iss: `${issuer}/` }),
    'an issuer in another case': resign({ iss: issuer.toUpperCase() }),
    'a list of issuers': resign({ iss: [issuer] }),
    'another audience': resign({ aud: 'mdcreator2' }),
    'no audience': resign({ aud: undefined }),
    'an object as audience': resign({ aud: { mdcreator: true } }),
    'an object as subject': resign({ sub: { id: user } }),
    'an empty subject': resign({ sub: '' }),
    'the use of an id token': resign({ token_use: 'id' }),
    'no use': resign({ token_use: undefined }),
    'two uses': resign({ token_use: ['collab', 'access'] }),
    'deep JSON': `${Buffer.from('['.repeat(50_000)).toString('base64url')}.e30.AA`,
    'a payload of deep JSON': `${encode({ alg: 'ES256', kid: 'ours' })}.${Buffer.from(`{"a":${'['.repeat(4_000)}`).toString('base64url')}.AA`,
    'a list as payload': makeToken([]),
    'padding of 10 KB': resign({ pad: 'x'.repeat(10_000) }),
    'four parts': `${resign({})}.AA`,
    nothing: '',
  }
  for (const [what, token] of Object.entries(forgeries)) {
    it(`with ${what} open nothing`, async () => {
      expect((await refusal(verifier.verify(token))).message).to.equal('The token is not valid')
      expect((await refusal(verifier.verifyForDocument(token, document))).message).to.equal('The token is not valid')
    })
  }

  it('with 60 unknown keys, one after another and at once, do not make us ask for the keys 60 times', async () => {
    const unknown = () => verifier.verify(makeToken(claims(), { kid: newId() }))
    for (let i = 0; i < 30; i++) await refusal(unknown())
    await Promise.all(Array.from({ length: 30 }, () => refusal(unknown())))
    expect(fetches).to.be.within(1, 5)
    expect(await verifier.verify(makeToken(claims()))).to.include({ sub: user })
  })

  it('wait for no keys that were read beforehand, and for those that were not there then', async () => {
    await verifier.prepare()
    expect(fetches).to.equal(1)
    await verifier.verify(makeToken(claims()))
    expect(fetches).to.equal(1)
    let areThere = false
    const later = newVerifier(async () => (areThere ? published : { keys: [] }))
    await later.prepare()
    areThere = true
    expect(await later.verify(makeToken(claims()))).to.include({ sub: user })
    await newVerifier(() => Promise.reject(new Error('away'))).prepare()
  })

  it('are not blamed where the keys cannot be read', async () => {
    const away = newVerifier(() => Promise.reject(new Error('away')))
    for (const verified of [away.verify(makeToken(claims())), away.verifyForDocument(makeToken(claims()), document)]) {
      expect(
        await verified.then(
          () => expect.fail('was accepted'),
          (error: unknown) => error,
        ),
      ).to.be.instanceOf(KeysUnavailableError)
    }
  })
})
