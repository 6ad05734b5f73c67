import { MemoryBus } from '@mdcreator/shared/bus/memory'
import { newId } from '@mdcreator/shared/ids'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import {
  type Answer,
  addMember,
  createDocument,
  createWorkspace,
  type Json,
  signUp,
  startApi,
  testApi,
  testUser,
  testWorkspace,
} from '../testing.ts'

describe('the trash', () => {
  const api = testApi()
  const user = testUser(api)
  const workspace = testWorkspace(api, user)
  let document: Json
  beforeEach(async () => {
    document = await createDocument(api, user, workspace.id)
  })

  const remove = () => api.request('DELETE', `/documents/${document.id}`, { token: user.token })
  const restore = (as = user, headers: Record<string, string> = {}, id: string = document.id): Promise<Answer> =>
    api.request('POST', `/documents/${id}/restore`, { token: as.token, headers })
  const inTrash = async (): Promise<string[]> => {
    const path = `/workspaces/${workspace.id}/documents?deleted=true&limit=200`
    return (await api.request('GET', path, { token: user.token })).body.items.map((item: Json) => item.id)
  }

  it('gives a document back as it was', async () => {
    await remove()
    expect(await inTrash()).to.include(document.id)
    const answer = await restore()
    expect(answer.status).to.equal(200)
    const { updated_at: _, ...same } = document
    expect(answer.body).to.deep.include({ ...same, version: 3, deleted_at: null })
    expect(answer.headers.get('ETag')).to.equal(`"${document.content_hash}-3-owner"`)
    expect(await inTrash()).not.to.include(document.id)
    const read = await api.request('GET', `/documents/${document.id}`, { token: user.token })
    expect(read.body).to.deep.equal(answer.body)
    expect(read.headers.get('ETag')).to.equal(answer.headers.get('ETag'))
  })

  it('leaves a document alone that is not in it', async () => {
    const answer = await restore()
    expect(answer.status).to.equal(200)
    expect(answer.body).to.deep.equal(document)
    expect(answer.headers.get('ETag')).to.equal(`"${document.content_hash}-1-owner"`)
  })

  it('gives it back once where several ask at the same time', async () => {
    await remove()
    const answers = await Promise.all(Array.from({ length: 10 }, () => restore()))
    for (const { status, body } of answers) expect([status, body.version]).to.deep.equal([200, 3])
  })

  it('lets one of ten win that name the same version', async () => {
    await remove()
    const etag = `"${document.content_hash}-2-owner"`
    const answers = await Promise.all(Array.from({ length: 10 }, () => restore(user, { 'If-Match': etag })))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).to.deep.equal([200, ...Array(9).fill(412)])
  })

  it('refuses a stale If-Match with 412', async () => {
    await remove()
    const answer = await restore(user, { 'If-Match': `"${document.content_hash}-1-owner"` })
    expect(answer.status).to.equal(412)
    expect(answer.body).to.include({ content_hash: document.content_hash })
    expect(await inTrash()).to.include(document.id)
  })

  it('is open to an editor, says 403 to those below and 404 to a stranger', async () => {
    await remove()
    for (const [role, status] of [
      ['viewer', 403],
      ['commenter', 403],
      ['editor', 200],
    ] as const) {
      const member = await signUp(api)
      await addMember(api, workspace.id, member, role)
      const answer = await restore(member)
      expect(answer.status, role).to.equal(status)
      if (status === 200) expect(answer.body).to.include({ role, updated_by: member.id })
    }
    const stranger = await signUp(api)
    expect((await restore(stranger)).status).to.equal(404)
    await remove()
    expect((await restore(stranger)).status).to.equal(404)
    expect((await restore(user, {}, newId())).status).to.equal(404)
    expect(await inTrash()).to.include(document.id)
  })

  it('gives nothing back of a workspace that is deleted', async () => {
    const gone = await createWorkspace(api, user)
    const [living, deleted] = [await createDocument(api, user, gone.id), await createDocument(api, user, gone.id)]
    await api.request('DELETE', `/documents/${deleted.id}`, { token: user.token })
    await api.owner.updateTable('workspaces').set({ deleted_at: new Date() }).where('id', '=', gone.id).execute()
    for (const { id } of [living, deleted]) expect((await restore(user, {}, id)).status).to.equal(404)
  })

  it('takes a document also where nobody can be told', async () => {
    const lines: string[] = []
    const log = createLogger('error', { write: (line) => lines.push(line) })
    const bus = new MemoryBus(log)
    bus.publish = () => Promise.reject(new Error('the bus is away'))
    const cut = await startApi({ bus, log })
    const owner = await signUp(cut)
    const { id } = await createDocument(cut, owner, (await createWorkspace(cut, owner)).id)
    const answer = await cut.request('DELETE', `/documents/${id}`, { token: owner.token })
    expect(answer.status).to.equal(204)
    expect((await cut.request('GET', `/documents/${id}`, { token: owner.token })).status).to.equal(404)
    await cut.stop()
    expect(lines).to.have.length(1)
    expect(JSON.parse(String(lines[0]))).to.deep.include({
      level: 'error',
      document_id: id,
      requestId: answer.headers.get('X-Request-Id'),
    })
  })
})
