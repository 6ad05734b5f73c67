import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { freePort } from '@mdcreator/db/embedded/ports'
import * as Y from 'yjs'
import { exited, killFamily, killHard } from './chaos/kill-hard.ts'
import type { Demo } from './demo.ts'

/** `npm start`'s program as a process of its own, on a port and a data folder of its own. */
export class ServerProcess {
  private readonly child: ChildProcess
  private readonly dataDir: string
  readonly port: number

  private constructor(child: ChildProcess, dataDir: string, port: number) {
    this.child = child
    this.dataDir = dataDir
    this.port = port
  }

  get address(): string {
    return `http://localhost:${this.port}`
  }

  /** Resolves when it is ready. Rejects with what it printed where it ends before. */
  static async start(dataDir: string, wantedPort?: number): Promise<ServerProcess> {
    const port = wantedPort ?? (await freePort())
    const child = spawn(process.execPath, [path.join(import.meta.dirname, 'dev.ts')], {
      env: { ...process.env, DATA_DIR: dataDir, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    await new Promise<void>((resolve, reject) => {
      const listen = (chunk: Buffer): void => {
        output = (output + chunk).slice(-4_000)
        if (output.includes('is ready')) resolve()
      }
      child.stdout.on('data', listen)
      child.stderr.on('data', listen)
      child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${output}`)))
    })
    return new ServerProcess(child, dataDir, port)
  }

  /** SIGKILL to the server, PostgreSQL and each of its processes, as if the power had gone. */
  async killEverything(): Promise<void> {
    const postmaster = Number(readFileSync(path.join(this.dataDir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0])
    const gone = killHard(this.child)
    killFamily(postmaster)
    await gone
  }

  async stop(): Promise<number | null> {
    const gone = exited(this.child)
    this.child.kill('SIGTERM')
    return gone
  }

  /** An access token of one of the demo's people. */
  async signIn(person = 0): Promise<{ token: string; workspaceId: string }> {
    const demo = await this.fetch<Demo>('/demo')
    const { email, password } = demo.people[person] as Demo['people'][number]
    const { access_token } = await this.fetch<{ access_token: string }>('/api/v1/auth/login', { email, password })
    return { token: access_token, workspaceId: demo.workspace_id }
  }

  /** A new document; resolves to its id. */
  async createDocument(content = ''): Promise<string> {
    const { token, workspaceId } = await this.signIn()
    const body = { title: 'Measured', content }
    const { id } = await this.fetch<{ id: string }>(`/api/v1/workspaces/${workspaceId}/documents`, body, token)
    return id
  }

  /** Reads a document, replaces some words and writes it back, as a program would. */
  async replaceInDocument(id: string, words: string, by: string): Promise<void> {
    const { token } = await this.signIn()
    const url = `/api/v1/documents/${id}`
    type Read = { content: string; content_hash: string }
    for (let read = await this.fetch<Read>(url, undefined, token); ; ) {
      const body = { content: read.content.replace(words, by), base_hash: read.content_hash }
      const response = await this.send(url, body, token, 'PATCH')
      if (response.ok) return
      if (response.status !== 409) throw await refusal(response)
      // What was typed a moment ago is not in what is read yet, but in this answer.
      read = (await response.json()) as Read
    }
  }

  private async fetch<T>(url: string, body?: unknown, token?: string): Promise<T> {
    const response = await this.send(url, body, token)
    if (!response.ok) throw await refusal(response)
    return (await response.json()) as T
  }

  private send(url: string, body?: unknown, token?: string, method = 'POST'): Promise<Response> {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    return fetch(this.address + url, body ? { method, headers, body: JSON.stringify(body) } : { headers })
  }

  /** A real provider with a document of its own, connected. */
  async connect(documentId: string, token: string, document = new Y.Doc()) {
    const websocket = new HocuspocusProviderWebsocket({
      url: `${this.address.replace('http', 'ws')}/collab`,
    })
    const provider = new HocuspocusProvider({ websocketProvider: websocket, name: documentId, document, token })
    provider.attach()
    await acknowledged(provider)
    const close = (): void => {
      // A socket that waits to connect again does so even after destroy() (provider 4.7).
      websocket.connect = async () => {}
      provider.destroy()
      websocket.destroy()
    }
    return { provider, document, fragment: document.getXmlFragment('default'), close }
  }
}

const refusal = async (response: Response): Promise<Error> =>
  new Error(`${response.url} answered ${response.status}: ${await response.text()}`)

/** Resolves once the server has acknowledged all there is. */
export function acknowledged(provider: HocuspocusProvider): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!provider.synced || provider.unsyncedChanges > 0) return
      provider.off('unsyncedChanges', check)
      provider.off('synced', check)
      resolve()
    }
    provider.on('unsyncedChanges', check)
    provider.on('synced', check)
    check()
  })
}
