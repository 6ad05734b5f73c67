import { rmSync } from 'node:fs'
import { makeDataDir } from '@mdcreator/db/testing'
import { expect } from 'chai'
import { ServerProcess } from './server-process.ts'

type Document = {
  id: string
  title: string
  workspace_id: string
  created_by: string
  content_hash: string
  content: string
}

/** The three sample tests of the original blueprint, on the whole server. */
describe('documents, as the blueprint tests them', function () {
  this.timeout(60_000)
  let server: ServerProcess
  let dataDir: string
  before(async () => {
    dataDir = makeDataDir()
    server = await ServerProcess.start(dataDir)
  })
  after(async () => {
    await server?.stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  const call = async (method: string, url: string, body?: unknown): Promise<{ status: number; document: Document }> => {
    const { token } = await server.signIn()
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) }
    const response = await fetch(`${server.address}/api/v1${url}`, init)
    return { status: response.status, document: (await response.json()) as Document }
  }
  const create = async (title: string, content: string): Promise<Document> => {
    const { workspaceId } = await server.signIn()
    return (await call('POST', `/workspaces/${workspaceId}/documents`, { title, content })).document
  }

  it('creates a document', async () => {
    const document = await create('Test Document', '# Hello World')
    const { workspaceId } = await server.signIn()
    const me = (await call('GET', '/users/me')).document
    expect(document.id).to.be.a('string')
    expect(document).to.include({ title: 'Test Document', content: '# Hello World', workspace_id: workspaceId })
    expect(document.created_by).to.equal(me.id)
  })

  it('updates with the right hash, which changes it', async () => {
    const { id, content_hash } = await create('Original Title', 'Original content')
    const { status, document } = await call('PATCH', `/documents/${id}`, {
      ...{ title: 'Updated Title', content: 'Updated content', base_hash: content_hash },
    })
    expect(status).to.equal(200)
    expect(document).to.include({ title: 'Updated Title', content: 'Updated content' })
    expect(document.content_hash).to.not.equal(content_hash)
  })

  it('answers a stale hash with a conflict, and changes nothing', async () => {
    const { id, content_hash } = await create('Original Title', 'Original content')
    await call('PATCH', `/documents/${id}`, { content: 'Updated content', base_hash: content_hash })
    const stale = { title: 'Conflicting Title', content: 'Conflicting content', base_hash: content_hash }
    expect((await call('PATCH', `/documents/${id}`, stale)).status).to.equal(409)
    const { document } = await call('GET', `/documents/${id}`)
    expect(document).to.include({ title: 'Original Title', content: 'Updated content' })
  })
})
