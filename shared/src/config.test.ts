import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { loadConfig } from './config.ts'
import { UserError } from './user-error.ts'

describe('configuration', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-config-'))
  after(() => rmSync(folder, { recursive: true }))
  const fileWith = (content: string): string => {
    const file = path.join(folder, 'value')
    writeFileSync(file, content)
    return file
  }
  const refusal = (environment: Record<string, string>): string => {
    try {
      loadConfig(environment)
    } catch (error) {
      expect(error).to.be.instanceOf(UserError)
      return (error as Error).message
    }
    return 'accepted'
  }

  it('works without any variable', () => {
    expect(loadConfig({})).to.include({
      port: 8000,
      host: '127.0.0.1',
      databaseUrl: null,
      issuer: 'http://localhost:8000',
    })
  })

  it('takes an empty variable as an absent one', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '' })).to.include({ port: 8000, databaseUrl: null })
  })

  it('reads any variable from a file, without the line end at its end', () => {
    expect(loadConfig({ PORT_FILE: fileWith('8080\n') }).port).to.equal(8080)
    expect(refusal({ PORT: '1', PORT_FILE: fileWith('2') })).to.match(/^PORT and PORT_FILE are both set/)
    expect(refusal({ PORT_FILE: '/does/not/exist' })).to.match(/^PORT_FILE: cannot read .* \(ENOENT\)/)
  })

  it('names the variable, what is wrong and an example', () => {
    for (const [name, value] of Object.entries({
      PORT: '70000',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://localhost',
      PUBLIC_URL: 'docs.example.com',
      DATABASE_POOL_SIZE: '1',
    })) {
      expect(refusal({ [name]: value })).to.match(new RegExp(`^${name} is not usable: .*\\. Example: ${name}=`))
    }
  })

  it('never repeats a refused value, which may be a password', () => {
    expect(refusal({ DATABASE_URL: 'not-a-url:secret' })).to.not.include('secret')
  })

  it("makes the database's URL from its parts, whatever a password holds", () => {
    const { databaseUrl } = loadConfig({ DATABASE_HOST: 'db', DATABASE_USER: 'me', DATABASE_PASSWORD: 'p@ss/w:rd' })
    const url = new URL(databaseUrl ?? '')
    expect(decodeURIComponent(url.password)).to.equal('p@ss/w:rd')
    expect(url.host + url.pathname).to.equal('db:5432/mdcreator')
  })

  it('splits origins at commas', () => {
    expect(loadConfig({ CORS_ORIGINS: 'https://a.example, https://b.example,' }).corsOrigins).to.deep.equal([
      ...['https://a.example', 'https://b.example'],
    ])
  })

  it('takes a mail server and a sender that are some, and writes to files by default', () => {
    expect(loadConfig({ PUBLIC_URL: 'https://docs.example.com' }).mail).to.deep.equal({
      ...{ smtpUrl: null, from: 'MD Creator <no-reply@docs.example.com>' },
    })
    for (const from of ['a@example.com', 'Ada Lovelace <a@example.com>']) {
      expect(loadConfig({ MAIL_FROM: from }).mail.from).to.equal(from)
    }
    for (const from of ['a', 'a@b, c@d', 'A <a@b>, c@d', 'A\r\nBcc: x <a@b>', '"A" <a@b>', '<a@b>', 'A <a@b> x']) {
      expect(refusal({ MAIL_FROM: from }), from).to.match(/^MAIL_FROM is not usable/)
    }
    expect(refusal({ SMTP_URL: 'https://user:secret@mail' }))
      .to.match(/^SMTP_URL is not/)
      .and.not.contain('secret')
    expect(refusal({ EMAIL_VERIFICATION: 'on' })).to.match(/^EMAIL_VERIFICATION is not usable/)
  })

  it('takes private schemes and loopback addresses for apps, and nothing that leads elsewhere', () => {
    const uris = ['com.example.app:/callback', 'http://127.0.0.1/x', 'http://[::1]']
    expect(loadConfig({ OAUTH_REDIRECT_URIS: uris.join() }).oauth.redirectUris).to.deep.equal(uris)
    for (const uri of [
      'https://example.com',
      'javascript:/x',
      'myapp:/x',
      'http://127.0.0.1:80/',
      'http://localhost/',
      ',',
    ]) {
      expect(refusal({ OAUTH_REDIRECT_URIS: uri }), uri).to.match(/^OAUTH_REDIRECT_URIS is not usable/)
    }
  })

  describe('of Redis', () => {
    it('is none unless there is a variable for it', () => {
      expect(loadConfig({}).redis).to.equal(null)
      expect(loadConfig({ REDIS_URL: 'redis://cache:6380/1' }).redis).to.deep.equal({
        ...{ url: 'redis://cache:6380/1', cluster: false, prefix: 'mdcreator:' },
      })
    })

    it('is made from its parts, whatever a password holds', () => {
      const { redis } = loadConfig({
        ...{ REDIS_HOST: 'cache', REDIS_PORT: '6380', REDIS_DB: '3', REDIS_USER: 'me', REDIS_PASSWORD: 'p@ss/w:rd' },
        ...{ REDIS_TLS: 'true', REDIS_CLUSTER: 'true', REDIS_PREFIX: 'ours:' },
      })
      const url = new URL(redis?.url ?? '')
      expect(decodeURIComponent(url.password)).to.equal('p@ss/w:rd')
      expect(`${url.protocol}//${url.username}@${url.host}${url.pathname}`).to.equal('rediss://me@cache:6380/3')
      expect(redis).to.include({ cluster: true, prefix: 'ours:' })
    })

    it('refuses what is none, without repeating it', () => {
      expect(refusal({ REDIS_URL: 'http://:secret@cache' }))
        .to.match(/^REDIS_URL is not usable: .*Example: REDIS_URL=rediss:/)
        .and.not.include('secret')
      expect(refusal({ REDIS_HOST: 'cache', REDIS_TLS: 'yes' })).to.match(/^REDIS_TLS is not usable: /)
    })
  })

  describe('of the issuer', () => {
    const cognito = { AUTH_PROVIDER: 'cognito', COGNITO_USER_POOL_ID: 'eu-west-1_Pool1', COGNITO_CLIENT_ID: 'client' }
    const oidc = { AUTH_PROVIDER: 'oidc', OIDC_ISSUER: 'https://login.example.com/', OIDC_CLIENT_ID: 'mdcreator' }

    it('is the local one unless another is chosen', () => {
      expect(loadConfig({}).auth).to.deep.equal({ provider: 'local' })
      expect(refusal({ AUTH_PROVIDER: 'saml' })).to.match(/^AUTH_PROVIDER is not usable: .*AUTH_PROVIDER=oidc$/)
    })

    it("finds Cognito's issuer by the pool, or below another endpoint", () => {
      expect(loadConfig(cognito).auth).to.deep.equal({
        ...{ provider: 'cognito', issuer: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Pool1' },
        ...{
          region: 'eu-west-1',
          userPoolId: 'eu-west-1_Pool1',
          clientId: 'client',
          clientSecret: null,
          endpoint: null,
        },
      })
      const local = { ...cognito, COGNITO_ENDPOINT: 'http://localhost:9229/', AWS_REGION: 'eu-north-1' }
      expect(loadConfig(local).auth).to.include({
        issuer: 'http://localhost:9229/eu-west-1_Pool1',
        region: 'eu-north-1',
      })
    })

    it('takes any other as it is written', () => {
      expect(loadConfig({ ...oidc, OIDC_AUDIENCE: 'api' }).auth).to.deep.equal({
        ...{ provider: 'oidc', issuer: 'https://login.example.com/', clientId: 'mdcreator', audience: 'api' },
      })
    })

    it('names what is missing, and what is not usable', () => {
      expect(refusal(oidc)).to.match(/^AUTH_PROVIDER=oidc needs OIDC_AUDIENCE. Example: OIDC_AUDIENCE=https:/)
      expect(refusal({ AUTH_PROVIDER: 'cognito' })).to.match(
        /needs COGNITO_USER_POOL_ID. Example: COGNITO_USER_POOL_ID=/,
      )
      for (const issuer of ['login.example.com', 'http://login.example.com', 'https://me:pw@login.example.com']) {
        expect(refusal({ ...oidc, OIDC_ISSUER: issuer })).to.match(/^OIDC_ISSUER is not usable: /)
      }
      expect(refusal({ ...cognito, COGNITO_USER_POOL_ID: 'pool' })).to.match(/^COGNITO_USER_POOL_ID is not usable: /)
      expect(refusal({ ...cognito, COGNITO_ENDPOINT: 'http://10.0.0.1' })).to.match(/^COGNITO_ENDPOINT is not usable: /)
    })
  })

  it('reads the limits of the collab server as whole numbers of at least one', () => {
    const { collab } = loadConfig({ COLLAB_MAX_FRAME_BYTES: '1000', COLLAB_MESSAGES_PER_SECOND: '7' })
    expect(collab).to.include({ maxFrameBytes: 1_000, messagesPerSecond: 7, messageBurst: 3_000, sockets: 20_000 })
    for (const value of ['0', '-1', '1.5', 'many']) {
      expect(refusal({ COLLAB_SOCKETS: value })).to.match(/^COLLAB_SOCKETS is not usable: .*Example: COLLAB_SOCKETS=/)
    }
  })

  it('splits trusted proxies at commas, and trusts none by default', () => {
    expect(loadConfig({}).trustedProxies).to.deep.equal([])
    expect(loadConfig({ TRUSTED_PROXIES: '10.0.0.0/8, loopback' }).trustedProxies).to.deep.equal([
      ...['10.0.0.0/8', 'loopback'],
    ])
  })
})
