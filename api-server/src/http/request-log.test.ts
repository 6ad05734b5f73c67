import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { type Json, signUp, startApi, testPassword } from '../testing.ts'

describe('the request log', () => {
  it('has one line per request, with its id and without secrets', async () => {
    const lines: string[] = []
    const log = createLogger('info', { write: (line) => lines.push(line) })
    const api = await startApi({ log })
    const user = await signUp(api)
    lines.length = 0
    await api.request('GET', `/users/me?token=canary-1&limit=1`, {
      token: user.token,
      headers: { 'X-Request-Id': 'known-id' },
    })
    await api.request('POST', '/auth/refresh', { body: { refresh_token: user.refreshToken } })
    await api.request('POST', '/auth/refresh', { body: { refresh_token: user.refreshToken } })
    await api.request('GET', '//healthz')
    await api.stop()

    const entries: Json[] = lines.map((line) => JSON.parse(line))
    expect(entries[0]).to.deep.include({ level: 'info', requestId: 'known-id' })
    expect(entries[0].req).to.include({
      id: 'known-id',
      method: 'GET',
      url: '/api/v1/users/me?token=[redacted]&limit=1',
    })
    expect(entries[0].res).to.deep.equal({ statusCode: 200 })
    const completed = entries.filter((entry) => entry.req)
    expect(completed).to.have.length(3)
    expect(entries.find((entry) => entry.level === 'warn')?.msg).to.contain('used refresh token')
    const all = lines.join('')
    const secrets = ['canary-1', user.token, String(user.refreshToken.split('.')[1]), testPassword]
    for (const secret of secrets) expect(all).not.to.contain(secret)
    for (const line of lines) expect(line.match(/"requestId"/g)).to.have.length(1)
  })
})
