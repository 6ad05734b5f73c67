import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { freePort } from '@mdcreator/db/embedded/ports'
import { makeDataDir } from '@mdcreator/db/testing'
import { exited, killFamily, killHard } from './kill-hard.ts'

/** A PostgreSQL that commits to disk and can lose its power. */
export class PostgresProcess {
  readonly url: string
  private readonly folder: string
  private readonly port: number
  private supervisor: ChildProcess

  private constructor(folder: string, port: number, { supervisor, url }: Started) {
    this.folder = folder
    this.port = port
    this.supervisor = supervisor
    this.url = url
  }

  static async start(): Promise<PostgresProcess> {
    const folder = makeDataDir()
    const port = await freePort()
    return new PostgresProcess(folder, port, await launch(folder, port))
  }

  /** SIGKILL to every one of its processes. */
  async kill(): Promise<void> {
    const gone = killHard(this.supervisor)
    killFamily(Number(readFileSync(path.join(dataDirOf(this.folder), 'postmaster.pid'), 'utf8').split('\n')[0]))
    await gone
  }

  /** On the same port and data; resolves once it has recovered and accepts connections. */
  async restart(): Promise<void> {
    const { supervisor } = await launch(this.folder, this.port)
    this.supervisor = supervisor
  }

  async stop(): Promise<void> {
    const gone = exited(this.supervisor)
    this.supervisor.stdin?.end()
    await gone
    rmSync(this.folder, { recursive: true, force: true })
  }
}

type Started = { supervisor: ChildProcess; url: string }

const dataDirOf = (folder: string): string => path.join(folder, 'postgres')

async function launch(folder: string, port: number): Promise<Started> {
  const args = [path.join(import.meta.dirname, 'postgres-main.ts'), dataDirOf(folder), String(port)]
  const supervisor = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  supervisor.stdin.on('error', () => {})
  const ended = exited(supervisor).then((code) => {
    throw new Error(`PostgreSQL's supervisor ended with ${code}`)
  })
  const [line] = await Promise.race([once(supervisor.stdout, 'data'), ended])
  return { supervisor, url: String(line).trim() }
}
