import { expect } from 'chai'
import { signUp, testApi, testUser } from '../testing.ts'

describe('the own profile', () => {
  const api = testApi()
  const user = testUser(api)

  const patch = (body: unknown) => api.request('PATCH', '/users/me', { token: user.token, body })

  it('shows it, without anything secret', async () => {
    const { status, body } = await api.request('GET', '/users/me', { token: user.token })
    expect(status).to.equal(200)
    expect(body).to.include({ id: user.id, email: user.email, display_name: 'Ada Lovelace', avatar_url: null })
    expect(Object.keys(body)).to.have.members('id email display_name avatar_url created_at updated_at'.split(' '))
  })

  it('changes name and picture, and takes the picture away', async () => {
    const { body } = await patch({ display_name: ' Ada ', avatar_url: 'https://example.com/a.png' })
    expect(body).to.include({ display_name: 'Ada', avatar_url: 'https://example.com/a.png' })
    expect((await patch({ avatar_url: null })).body).to.include({ display_name: 'Ada', avatar_url: null })
  })

  it('changes nobody else', async () => {
    const other = await signUp(api, 'Grace Hopper')
    await patch({ display_name: 'Changed' })
    const { body } = await api.request('GET', '/users/me', { token: other.token })
    expect(body.display_name).to.equal('Grace Hopper')
  })

  for (const body of [
    {},
    { email: 'new@example.com' },
    { id: 'x' },
    { display_name: '' },
    { display_name: null },
    { avatar_url: 'http://example.com/a.png' },
    { avatar_url: 'javascript:alert(1)' },
    { avatar_url: 'https://name:word@example.com/a.png' },
    { avatar_url: 'x' },
  ]) {
    it(`refuses ${JSON.stringify(body)} with 422`, async () => {
      expect((await patch(body)).status).to.equal(422)
    })
  }
})
