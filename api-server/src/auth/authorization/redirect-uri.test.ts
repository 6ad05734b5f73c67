import { expect } from 'chai'
import { testApi } from '../../testing.ts'

const asked = {
  response_type: 'code',
  client_id: 'mdcreator-desktop',
  state: 'a state',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
}

describe('an app that signs people in', () => {
  const api = testApi()

  const encode = (redirect_uri: string | undefined, more: object = {}): string =>
    new URLSearchParams({ ...asked, ...(redirect_uri !== undefined && { redirect_uri }), ...more }).toString()
  const open = (redirect_uri: string | undefined) => api.request('GET', `/auth/authorize?${encode(redirect_uri)}`)
  const submit = (redirect_uri: string | undefined) =>
    api.request('POST', '/auth/authorize', {
      raw: encode(redirect_uri, { email: 'ada@example.com', password: 'x' }),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: api.origin },
    })

  describe('is answered at no address that is not in the list', () => {
    for (const redirect_uri of [
      undefined,
      'https://evil.example/callback',
      'http://localhost:52011/callback',
      'http://localhost.evil.com/callback',
      'http://127.0.0.1.evil.com/callback',
      'http://127.0.0.1:52011@evil.com/callback',
      'http://evil.com#http://127.0.0.1:52011/callback',
      'http://user@127.0.0.1:52011/callback',
      'http://127.0.0.1:52011/callback/../elsewhere',
      'http://127.0.0.1:52011/callback/',
      'http://127.0.0.1:52011//evil.com/callback',
      'http://127.0.0.1:52011/callback?x=1',
      'http://127.0.0.1:52011/callback#x',
      'http://127.0.0.1:52011/%63allback',
      'http://127.0.0.1:99999/callback',
      'http://127.0.0.1:052011/callback',
      'http://127.0.0.2:52011/callback',
      'http://2130706433:52011/callback',
      'http://0177.0.0.1:52011/callback',
      'http://[::ffff:127.0.0.1]:52011/callback',
      'https://127.0.0.1:52011/callback',
      'HTTP://127.0.0.1:52011/callback',
      ' http://127.0.0.1:52011/callback',
      'http://127.0.0.1:52011/callback\r\nX: y',
      'http:\\\\127.0.0.1:52011/callback',
      '//127.0.0.1:52011/callback',
      'app.mdcreator:/callback/x',
      'app.mdcreator://callback',
      'app.evil:/callback',
      'javascript:alert(1)',
      'data:text/html,x',
    ]) {
      it(`such as ${JSON.stringify(redirect_uri)}`, async () => {
        for (const answer of [await open(redirect_uri), await submit(redirect_uri)]) {
          expect(answer.status).to.equal(400)
          expect(answer.headers.get('Location')).to.equal(null)
          expect(answer.headers.get('Content-Security-Policy')).to.contain("form-action 'none'")
          expect(answer.text).to.contain('role="alert"').and.not.contain('<form')
        }
      })
    }
  })
})
