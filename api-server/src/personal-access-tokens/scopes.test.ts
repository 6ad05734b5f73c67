import { newId } from '@mdcreator/shared/ids'
import { type Scope, scopes } from '@mdcreator/shared/scopes'
import { expect } from 'chai'
import type { Endpoint } from '../http/endpoint.ts'
import { testApi, testUser } from '../testing.ts'
import { listEndpoints } from '../testing-endpoints.ts'

const problem = 'https://mdcreator.app/problems/insufficient-scope'

describe('scopes', () => {
  const api = testApi()
  const user = testUser(api)
  const tokens = new Map<string, string>()

  /** A token with these scopes, made once. */
  async function tokenWith(wanted: readonly Scope[]): Promise<string> {
    const key = wanted.join(' ')
    const known = tokens.get(key)
    if (known) return known
    const body = { name: key.slice(0, 100), scopes: wanted }
    const { token } = (await api.request('POST', '/personal-access-tokens', { token: user.token, body })).body
    tokens.set(key, token)
    return token
  }
  const call = ({ method, path, request }: Endpoint, token: string) =>
    api.request(method.toUpperCase(), `/${path.replaceAll(/\{\w+\}/g, newId())}`, {
      token,
      ...(request.body && { body: {} }),
    })
  const endpoints = listEndpoints().filter(({ auth }) => auth !== 'public')

  it('are what every endpoint asks of a personal access token, or it takes none', async () => {
    let [withScope, without] = [0, 0]
    for (const item of endpoints) {
      const others = scopes.filter((scope) => scope !== item.scope)
      const refused = await call(item, await tokenWith(others))
      expect([refused.status, refused.body.type], item.operationId).to.deep.equal([403, problem])
      expect(refused.headers.get('WWW-Authenticate')?.match(/scope="(.*?)"/)?.[1]).to.equal(item.scope)
      without++
      if (!item.scope) continue
      const answer = await call(item, await tokenWith([item.scope]))
      expect(answer.body?.type, item.operationId).not.to.equal(problem)
      expect(answer.status, item.operationId).not.to.be.oneOf([401, 500])
      withScope++
    }
    process.stdout.write(
      `      ${without} endpoints refused without their scope, ${withScope} of them reached with it\n`,
    )
    expect(withScope).to.be.greaterThan(10)
    expect(without).to.be.greaterThan(withScope)
  })

  it('leave accounts, sessions and tokens to those who have signed in', () => {
    for (const { path, auth, scope, operationId } of endpoints) {
      // What a ticket opens ends with the token that asked for it.
      if (operationId === 'createCollabTicket') continue
      if (!/\/(auth|personal-access-tokens)(\/|$)/.test(path) && operationId !== 'deleteMe') continue
      expect([auth, scope], operationId).to.deep.equal(['session', undefined])
    }
  })
})
