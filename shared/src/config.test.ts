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
})
