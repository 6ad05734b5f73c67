import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { createDocument, createWorkspace, type Json, signUp, startApi, testPassword } from '../testing.ts'

/** In places where a secret may be, and where it must not be. */
const canary = 'canary-Passw0rd-4711'

describe('secrets', () => {
  it('reach no log, whatever is asked and however it fails', async () => {
    const lines: string[] = []
    const log = createLogger('trace', { write: (line) => lines.push(line) })
    const api = await startApi({ log })
    const user = await signUp(api)
    const { token } = user
    const workspace = await createWorkspace(api, user)
    const document = await createDocument(api, user, workspace.id, { title: 'x', content: canary })
    const secrets = [canary, testPassword, token, String(user.refreshToken.split('.')[1])]
    const note = ({ body }: { body: Json }): void => {
      for (const name of ['access_token', 'refresh_token', 'token', 'ticket'])
        if (body?.[name]) secrets.push(body[name])
    }

    const post = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
      note(await api.request('POST', path, { token, body, headers }))
    const email = user.email
    for (const password of [testPassword, canary]) await post('/auth/login', { email, password })
    for (const body of [
      { email, password: canary, [canary]: canary },
      { email: canary, password: { canary } },
      [canary],
      canary,
    ]) {
      for (const path of ['/auth/login', '/auth/signup', '/auth/refresh', '/auth/collab-token', '/auth/collab-ticket'])
        await post(path, body)
    }
    for (const _ of [1, 2]) await post('/auth/refresh', { refresh_token: user.refreshToken })
    const { body: again } = await api.request('POST', '/auth/login', { body: { email, password: testPassword } })
    note({ body: again })
    for (const as of [again.access_token, token, canary, `${again.access_token}x`]) {
      const options = { token: as, headers: { Cookie: `session=${canary}`, 'X-Api-Key': canary } }
      for (const path of [
        `/documents/${document.id}?token=${canary}`,
        `/documents/${document.id}?access_token=${again.access_token}&code=${canary}`,
        `/documents/${document.id}?ticket=${canary}`,
        `/users/me?password=${canary}`,
        `/workspaces?refresh_token=${user.refreshToken}`,
      ]) {
        note(await api.request('GET', path, options))
      }
      const body = { document_id: document.id }
      for (const kind of ['token', 'ticket']) {
        note(await api.request('POST', `/auth/collab-${kind}`, { ...options, body }))
      }
      await api.request('DELETE', '/users/me', { ...options, body: { password: canary } })
      await api.request('POST', '/workspaces', { ...options, raw: `{"name": "${canary}` })
    }
    for (const header of [`Basic ${btoa(canary)}`, `Bearer ${canary} ${canary}`, `Token ${canary}`]) {
      await api.request('GET', '/users/me', { headers: { Authorization: header } })
    }
    await api.stop()
    expect(lines.length).to.be.greaterThan(40)
    const all = lines.join('')
    for (const secret of secrets) expect(all.includes(secret), secret).to.equal(false)
    expect(all).not.to.match(/eyJ[\w-]{10,}\./)
  })
})
