import { createHmac, randomUUID } from 'node:crypto'
import { createDatabase } from '@mdcreator/db/database'
import { expect } from 'chai'
import { decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { type RequestOptions, signUp, startApi, testApi, testIssuer, testUser } from '../testing.ts'

type Key = Parameters<SignJWT['sign']>[0]
const alg = 'RS256'

describe('access tokens', () => {
  const api = testApi()
  const user = testUser(api)
  let kid: string
  let key: Key
  let publicJwk: JWK
  before(async () => {
    const row = await api.owner.selectFrom('signing_keys').selectAll().executeTakeFirstOrThrow()
    kid = row.kid
    publicJwk = row.public_jwk as JWK
    key = await importJWK(row.private_jwk as JWK)
  })

  const get = (options: RequestOptions, path = '/users/me') => api.request('GET', path, options)
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const now = Math.floor(Date.now() / 1000)
  const claims = (change: object = {}) => ({
    iss: testIssuer,
    aud: 'mdcreator',
    sub: user.id,
    sid: user.refreshToken.split('.')[0],
    jti: randomUUID(),
    iat: now,
    exp: now + 3600,
    token_use: 'access',
    ...change,
  })
  const sign = (change: object = {}, header: object = {}, signer: Key = key) =>
    new SignJWT(claims(change)).setProtectedHeader({ alg, kid, ...header }).sign(signer)

  it('open the API when they are good, whatever the case of the scheme', async () => {
    const token = await sign()
    expect((await get({ token })).status).to.equal(200)
    expect((await get({ headers: { Authorization: `bEaReR  ${token}` } })).status).to.equal(200)
  })

  it('are asked for where there is none', async () => {
    const answer = await get({})
    expect(answer.status).to.equal(401)
    expect(answer.headers.get('WWW-Authenticate')).to.equal('Bearer realm="mdcreator"')
    expect(answer.headers.get('Content-Type')).to.equal('application/problem+json; charset=utf-8')
  })

  it('may be told that they have expired', async () => {
    const answer = await get({ token: await sign({ iat: now - 7200, exp: now - 3600 }) })
    expect(answer.status).to.equal(401)
    expect(answer.headers.get('WWW-Authenticate')).to.contain('error="invalid_token"').and.contain('expired')
  })

  const forgeries: Record<string, () => Promise<string> | string> = {
    'of another audience': () => sign({ aud: 'other' }),
    'without an audience': () => sign({ aud: undefined }),
    'of another issuer': () => sign({ iss: 'https://evil.example.com' }),
    'of an issuer that only starts like ours': () => sign({ iss: `${testIssuer}/` }),
    'without an end': () => sign({ exp: undefined }),
    'that are not valid yet': () => sign({ nbf: now + 3600 }),
    'that are no access tokens': () => sign({ token_use: 'id' }),
    'without a session': () => sign({ sid: undefined }),
    'of a session that does not exist': () => sign({ sid: randomUUID() }),
    'whose subject is no id': () => sign({ sub: "' or 1=1" }),
    'of a user that does not exist': () => sign({ sub: randomUUID() }),
    'with a subject of the wrong type': () => sign({ sub: { $ne: null } as unknown as string }),
    'with a critical header': () => sign({}, { crit: ['x'], x: 1 }).catch(() => 'a.b.c'),
    'signed by another key': async () => sign({}, {}, (await generateKeyPair(alg)).privateKey),
    'with an unknown key id': async () => sign({}, { kid: 'unknown' }, (await generateKeyPair(alg)).privateKey),
    'that bring their own key': async () => {
      const pair = await generateKeyPair(alg)
      return sign({}, { jku: 'https://evil.example.com/jwks.json', jwk: publicJwk }, pair.privateKey)
    },
    'with the algorithm none': () => `${encode({ alg: 'none', kid })}.${encode(claims())}.`,
    'with HMAC under the public key': () => {
      const content = `${encode({ alg: 'HS256', kid })}.${encode(claims())}`
      return `${content}.${createHmac('sha256', JSON.stringify(publicJwk)).update(content).digest('base64url')}`
    },
    'with a signature of zeros': () =>
      `${encode({ alg, kid })}.${encode(claims())}.${Buffer.alloc(256).toString('base64url')}`,
    'with a changed payload': async () => {
      const [header, , signature] = (await sign()).split('.')
      return `${header}.${encode(claims({ exp: now + 9999 }))}.${signature}`
    },
    'that are no tokens': () => 'a.b.c',
    'of deep JSON': () => `${Buffer.from('['.repeat(5000)).toString('base64url')}.e30.x`,
    'that are very long': async () => sign({ pad: 'x'.repeat(8000) }),
  }
  for (const [what, forge] of Object.entries(forgeries)) {
    it(`are refused ${what}`, async () => {
      const answer = await get({ token: await forge() })
      expect(answer.status).to.equal(401)
      expect(answer.body).to.include({
        title: 'A valid access token is required',
        detail: 'The access token is not valid',
      })
      expect(answer.headers.get('WWW-Authenticate')).to.equal(
        'Bearer realm="mdcreator", error="invalid_token", error_description="The access token is not valid"',
      )
    })
  }

  it('are not read from anywhere but the Authorization header', async () => {
    const { token } = user
    const elsewhere: [RequestOptions, string?][] = [
      [{}, `/users/me?access_token=${token}`],
      [{}, `/users/me?token=${token}`],
      [{ headers: { Cookie: `access_token=${token}; token=${token}` } }],
      [{ headers: { 'Proxy-Authorization': `Bearer ${token}` } }],
      [{ headers: { Authorization: `Basic ${Buffer.from(`x:${token}`).toString('base64')}` } }],
      [{ headers: { Authorization: token } }],
      [{ headers: { Authorization: `Bearer ${token} ${token}` } }],
      [{ headers: { Authorization: 'Bearer' } }],
    ]
    for (const [options, path] of elsewhere) expect((await get(options, path)).status).to.equal(401)
  })

  it('still work when a server starts and is first shown a token of an unknown key', async () => {
    const fresh = await startApi()
    expect((await fresh.request('GET', '/users/me', { token: await sign() })).status).to.equal(401)
    const { token } = await signUp(fresh)
    expect((await fresh.request('GET', '/users/me', { token })).status).to.equal(200)
    await fresh.stop()
  })

  it('are signed with the key that is there, of whichever kind', async () => {
    const older = await startApi()
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const about = { kid: 'older', alg: 'ES256', use: 'sig' }
    const [public_jwk, private_jwk] = await Promise.all(
      [publicKey, privateKey].map(async (half) => JSON.stringify({ ...(await exportJWK(half)), ...about })),
    )
    await older.owner.insertInto('signing_keys').values({ kid: 'older', public_jwk, private_jwk }).execute()
    const { token } = await signUp(older)
    expect(decodeProtectedHeader(token)).to.include({ alg: 'ES256', kid: 'older' })
    expect((await older.request('GET', '/users/me', { token })).status).to.equal(200)
    await older.stop()
  })

  it('are not blamed where the keys cannot be read', async () => {
    const db = createDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', role: 'mdcreator_api' })
    const away = await startApi({ db })
    const answer = await away.request('GET', '/users/me', { token: user.token })
    expect(answer.status).to.equal(503)
    expect(answer.headers.get('Retry-After')).to.equal('2')
    expect(answer.text).not.to.match(/ECONNREFUSED|127\.0\.0\.1|nobody/)
    await away.stop()
  })
})
