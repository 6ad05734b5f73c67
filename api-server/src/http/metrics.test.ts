import { Gauge, Registry } from '@mdcreator/shared/metrics'
import { expect } from 'chai'
import { createDocument, createWorkspace, signUp, testApi } from '../testing.ts'

describe('metrics', () => {
  const registry = new Registry()
  new Gauge({ name: 'somebody_elses', help: 'of the collaboration server', registers: [registry] })
  const api = testApi({ registry })

  const read = async (): Promise<string> => (await api.request('GET', '//metrics')).text
  const count = (text: string, labels: string): number =>
    Number(new RegExp(`^api_request_seconds_count\\{${labels}\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)

  it('are in the format of Prometheus, with those of others in the same process', async () => {
    const answer = await api.request('GET', '//metrics')
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('Content-Type')).to.match(/^text\/plain; version=0\.0\.4/)
    expect(answer.text).to.contain('# TYPE api_request_seconds histogram').and.contain('somebody_elses 0')
    expect(answer.text).to.match(/^api_requests_in_flight 1$/m)
  })

  it('count requests by method, route and status, and hold nothing of a tenant', async () => {
    const user = await signUp(api)
    const workspace = await createWorkspace(api, user, 'Canary')
    const document = await createDocument(api, user, workspace.id)
    await api.request('GET', `/documents/${document.id}?token=canary`, { token: user.token })
    await api.request('GET', `/documents/${document.id}`)
    await api.request('GET', '//canary/<script>')
    await api.request('PROPFIND', '//canary')
    const text = await read()
    const route = '/api/v1/documents/{document_id}'.replace(/[{}]/g, '\\$&')
    expect(count(text, `method="GET",route="${route}",status="200"`)).to.equal(1)
    expect(count(text, `method="GET",route="${route}",status="401"`)).to.equal(1)
    expect(count(text, 'method="GET",route="other",status="404"')).to.equal(1)
    expect(count(text, 'method="other",route="other",status="404"')).to.equal(1)
    for (const secret of [user.id, workspace.id, document.id, 'anary', 'script']) expect(text).not.to.contain(secret)
  })

  it('time commands, by outcome', async () => {
    const user = await signUp(api)
    const { id } = await createDocument(api, user, (await createWorkspace(api, user)).id)
    await api.request('GET', `/documents/${id}/presence`, { token: user.token })
    const stop = api.bus.handle('document.presence', async () => ({ people: [] }))
    await api.request('GET', `/documents/${id}/presence`, { token: user.token })
    stop()
    const text = await read()
    for (const outcome of ['unavailable', 'answered']) {
      expect(text).to.contain(`api_command_seconds_count{command="document.presence",outcome="${outcome}"} 1`)
    }
  })
})
