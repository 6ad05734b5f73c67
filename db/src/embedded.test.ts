import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import path from 'node:path'
import { UserError } from '@mdcreator/shared/user-error'
import { expect } from 'chai'
import { failureOf, query, spawnSupervisor, temporaryFolder, urlOf } from './embedded/fixture.ts'
import { processIdentity } from './embedded/processes.ts'
import { type EmbeddedPostgres, embeddedDataDir, startEmbeddedPostgres } from './embedded.ts'

describe('embedded PostgreSQL', function () {
  this.timeout(60_000)
  let folder: string
  let dataDir: string
  let postgres: EmbeddedPostgres | undefined

  before(() => {
    folder = temporaryFolder()
    dataDir = path.join(folder, 'data', 'postgres')
  })
  afterEach(async () => {
    await postgres?.stop()
    postgres = undefined
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('creates a cluster at the first start and answers', async () => {
    const lines: string[] = []
    postgres = await startEmbeddedPostgres(dataDir, { maxConnections: 17, onProgress: (line) => lines.push(line) })
    expect(lines).to.deep.equal(['Creating the database (first start only)…'])
    const settings = ['max_connections', 'fsync', 'listen_addresses', 'TimeZone', 'server_encoding']
    const values = await query(
      postgres.url,
      settings.map((name) => `select current_setting('${name}')`).join(' union all '),
    )
    expect(values).to.have.members(['17', 'on', '127.0.0.1', 'UTC', 'UTF8'])
    await query(postgres.url, 'create table kept as select 42 as id')
  })

  it('keeps the data over a restart, and gives up speed for safety only when asked to', async () => {
    postgres = await startEmbeddedPostgres(dataDir, { durable: false })
    expect(await query(postgres.url, 'select id from kept')).to.deep.equal([42])
    expect(await query(postgres.url, 'show fsync')).to.deep.equal(['off'])
  })

  it('refuses a connection without the password, which only the owner can read', async () => {
    postgres = await startEmbeddedPostgres(dataDir)
    const url = new URL(postgres.url)
    url.password = 'guess'
    expect(await failureOf(query(url.href, 'select 1'))).to.match(/password authentication failed/)
    expect(statSync(`${dataDir}.password`).mode & 0o777).to.equal(0o600)
  })

  it('sets a new password when the data came without one', async () => {
    rmSync(`${dataDir}.password`)
    postgres = await startEmbeddedPostgres(dataDir)
    expect(await query(postgres.url, 'select id from kept')).to.deep.equal([42])
  })

  it('accepts a data folder whose mode a copy has changed', async () => {
    chmodSync(dataDir, 0o755)
    postgres = await startEmbeddedPostgres(dataDir)
    expect(await query(postgres.url, 'select id from kept')).to.deep.equal([42])
  })

  it('stops once, however often it is told to, and leaves nothing but the data and its password', async () => {
    postgres = await startEmbeddedPostgres(dataDir)
    await Promise.all([postgres.stop(), postgres.stop()])
    expect(await postgres.exited).to.equal(undefined)
    expect(existsSync(path.join(dataDir, 'postmaster.pid'))).to.equal(false)
    expect(readdirSync(path.dirname(dataDir))).to.have.members(['postgres', 'postgres.password'])
  })

  it('refuses a second supervisor, in this process or another', async () => {
    postgres = await startEmbeddedPostgres(dataDir)
    const error = await failureOf(startEmbeddedPostgres(dataDir))
    expect(error).to.be.instanceOf(UserError)
    expect(error)
      .to.have.property('message')
      .that.matches(/^Another MD Creator \(process \d+\) .*DATA_DIR.*$/)
    await postgres.stop()

    const other = spawnSupervisor(dataDir)
    await urlOf(other)
    const second = await failureOf(startEmbeddedPostgres(dataDir))
    expect(second).to.have.property('message').that.includes(`process ${other.pid}`)
    other.stdin?.end()
    await once(other, 'exit')
  })

  it('takes over the lock of a process that ended, though its id lives on in another', async () => {
    const identity = `${processIdentity(process.pid)} of an earlier boot`
    writeFileSync(`${dataDir}.lock`, JSON.stringify({ pid: process.pid, identity }))
    postgres = await startEmbeddedPostgres(dataDir)
    expect(await query(postgres.url, 'select 1')).to.deep.equal([1])
  })

  describe('says in one line what to do when', () => {
    async function lineOf(promise: Promise<unknown>): Promise<string> {
      const error = await failureOf(promise)
      expect(error).to.be.instanceOf(UserError)
      const { message } = error as UserError
      expect(message).not.to.include('\n')
      return message
    }

    it('the port is taken', async () => {
      const holder = createServer().listen(0, '127.0.0.1')
      await once(holder, 'listening')
      const { port } = holder.address() as AddressInfo
      expect(await lineOf(startEmbeddedPostgres(dataDir, { port }))).to.match(/port .* is taken: stop the program/)
      holder.close()
      postgres = await startEmbeddedPostgres(dataDir, { port })
      expect(new URL(postgres.url).port).to.equal(String(port))
    })

    it('the folder cannot be written', async () => {
      const file = path.join(folder, 'file')
      writeFileSync(file, '')
      expect(await lineOf(startEmbeddedPostgres(path.join(file, 'postgres')))).to.match(/^Cannot write .*DATA_DIR/)
      expect(await lineOf(startEmbeddedPostgres(file))).to.match(/DATA_DIR/)
    })

    it('the folder holds something else, which keeps its owner and mode', async () => {
      const foreign = path.join(folder, 'foreign')
      mkdirSync(foreign, { mode: 0o755 })
      writeFileSync(path.join(foreign, 'letter'), 'dear')
      const before = statSync(foreign)
      expect(await lineOf(startEmbeddedPostgres(foreign))).to.match(/holds other things.*DATA_DIR/)
      expect(statSync(foreign)).to.include({ uid: before.uid, mode: before.mode })
    })

    it('root chose a folder that the lent user cannot reach', async function () {
      if (process.getuid?.() !== 0) return this.skip()
      const closed = path.join(folder, 'closed')
      mkdirSync(closed, { mode: 0o700 })
      expect(await lineOf(startEmbeddedPostgres(path.join(closed, 'postgres')))).to.match(/cannot reach .*DATA_DIR/)
    })
  })

  it('moves the default folder only for root, and only where the lent user cannot reach it', () => {
    const closed = path.join(folder, 'closed-default')
    mkdirSync(closed, { mode: 0o700 })
    const wanted = path.join(closed, '.data', 'postgres')
    const lines: string[] = []
    const moved = embeddedDataDir(wanted, (line) => lines.push(line))
    if (process.getuid?.() === 0) {
      expect(moved).to.match(/^\/var\/lib\/mdcreator\/[0-9a-f]{16}\/postgres$/)
      expect(lines).to.have.length(1)
    } else {
      expect(moved).to.equal(wanted)
    }
    expect(embeddedDataDir(dataDir)).to.equal(dataDir)
  })
})
