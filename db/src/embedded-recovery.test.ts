import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import {
  eventually,
  killHard,
  postmasterPid,
  query,
  spawnSupervisor,
  temporaryFolder,
  urlOf,
} from './embedded/fixture.ts'
import { processIdentity, waitForEnd } from './embedded/processes.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded.ts'

describe('embedded PostgreSQL, after a kill', function () {
  this.timeout(60_000)
  let folder: string
  let dataDir: string
  let supervisor: ChildProcess | undefined
  let unrelated: ChildProcess | undefined
  let postgres: EmbeddedPostgres | undefined

  before(async () => {
    folder = temporaryFolder()
    dataDir = path.join(folder, 'postgres')
    const fresh = await startEmbeddedPostgres(dataDir)
    await query(fresh.url, 'create table kept (id int)')
    await fresh.stop()
  })
  afterEach(async () => {
    supervisor?.kill('SIGKILL')
    unrelated?.kill('SIGKILL')
    await postgres?.stop()
    postgres = undefined
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('of the supervisor: stops the orphan and finds what was committed', async () => {
    supervisor = spawnSupervisor(dataDir)
    await query(await urlOf(supervisor), 'insert into kept values (1)')
    const orphan = postmasterPid(dataDir)
    await killHard(supervisor)
    expect(processIdentity(orphan)).to.be.a('string')

    postgres = await startEmbeddedPostgres(dataDir)
    expect(processIdentity(orphan)).to.equal(undefined)
    expect(await query(postgres.url, 'select id from kept')).to.deep.equal([1])
  })

  it('of supervisor and PostgreSQL: recovers what was committed', async () => {
    supervisor = spawnSupervisor(dataDir)
    await query(await urlOf(supervisor), 'insert into kept values (2)')
    const orphan = postmasterPid(dataDir)
    await killHard(supervisor)
    process.kill(orphan, 'SIGKILL')
    await waitForEnd(orphan, 5_000)

    postgres = await startEmbeddedPostgres(dataDir)
    expect(await query(postgres.url, 'select id from kept')).to.deep.equal([1, 2])
  })

  it('does not touch an unrelated process that has the id in postmaster.pid by now', async () => {
    supervisor = spawnSupervisor(dataDir)
    await urlOf(supervisor)
    const orphan = postmasterPid(dataDir)
    await killHard(supervisor)
    process.kill(orphan, 'SIGKILL')
    await waitForEnd(orphan, 5_000)
    // PostgreSQL's own check looks at processes of its own user.
    const { uid, gid } = statSync(dataDir)
    unrelated = spawn('sleep', ['600'], { uid, gid, cwd: '/', stdio: 'ignore' })
    await once(unrelated, 'spawn')
    const file = path.join(dataDir, 'postmaster.pid')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(unrelated.pid)))

    postgres = await startEmbeddedPostgres(dataDir)
    expect(await query(postgres.url, 'select id from kept')).to.deep.equal([1, 2])
    expect(unrelated.exitCode ?? unrelated.signalCode).to.equal(null)
  })

  it('of the supervisor during initdb: starts over', async () => {
    const fresh = path.join(folder, 'fresh', 'postgres')
    supervisor = spawnSupervisor(fresh)
    const parent = path.dirname(fresh)
    const staging = await eventually(() => {
      const name = readdirSync(parent).find((entry) => entry.startsWith('postgres.new-'))
      if (!name || !existsSync(path.join(parent, name, 'data', 'base'))) throw new Error('initdb has not begun')
      return path.join(parent, name)
    })
    await killHard(supervisor)
    expect(existsSync(fresh)).to.equal(false)
    expect(existsSync(staging)).to.equal(true)

    postgres = await startEmbeddedPostgres(fresh)
    expect(await query(postgres.url, 'select 1')).to.deep.equal([1])
    expect(existsSync(path.join(staging, 'password'))).to.equal(false)
  })

  it('of PostgreSQL alone: brings it back on the same port', async () => {
    const lines: string[] = []
    postgres = await startEmbeddedPostgres(dataDir, {
      onProgress: (line) => lines.push(line),
    })
    const { url, exited } = postgres
    await query(url, 'insert into kept values (3)')
    for (const expected of [2, 4]) {
      process.kill(postmasterPid(dataDir), 'SIGKILL')
      await eventually(() => expect(lines).to.have.length(expected))
      expect(await query(url, 'select id from kept')).to.deep.equal([1, 2, 3])
    }
    expect(lines.slice(0, 2)).to.match(
      /^PostgreSQL ended by itself \(SIGKILL.*\); starting it again,PostgreSQL runs again$/,
    )
    await postgres.stop()
    expect(await exited).to.equal(undefined)
  })

  it('stops while it is bringing PostgreSQL back', async () => {
    postgres = await startEmbeddedPostgres(dataDir)
    const killed = postmasterPid(dataDir)
    process.kill(killed, 'SIGKILL')
    await waitForEnd(killed, 5_000)
    await postgres.stop()
    expect(await postgres.exited).to.equal(undefined)
    expect(existsSync(`${dataDir}.lock`)).to.equal(false)
  })

  it('takes PostgreSQL along when the process exits without stopping it', async () => {
    supervisor = spawnSupervisor(dataDir)
    await urlOf(supervisor)
    const pid = postmasterPid(dataDir)
    supervisor.stdin?.end()
    await once(supervisor, 'exit')
    expect(await waitForEnd(pid, 5_000)).to.equal(true)
    expect(existsSync(`${dataDir}.lock`)).to.equal(false)
  })
})
