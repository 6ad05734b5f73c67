import type { Config } from '@mdcreator/shared/config'
import type { Endpoint } from '../../http/endpoint.ts'
import { CognitoAccounts } from './cognito.ts'
import { Handover } from './handover.ts'
import { elsewhere, signInAtIssuer, signInNow } from './problems.ts'
import type { ForeignDeps } from './tokens.ts'

type Handle = Endpoint['handle']
/** What is done in place of the local issuer, by operation id. The input was checked against the declaration. */
type Handlers = Record<string, (input: { body: never; query: never }) => ReturnType<Handle>>

/**
 * The endpoints of accounts, as the configured issuer needs them: declared the same for every issuer, and what it cannot
 * do here is answered with the way to it. Sessions and documents' tokens are ours, whoever the issuer is.
 */
export function forIssuer(endpoints: Endpoint[], { config, ...deps }: ForeignDeps & { config: Config }): Endpoint[] {
  const { auth } = config
  const declared = endpoints.map(declare)
  if (auth.provider === 'local') return declared
  const handover = new Handover(auth, config, deps)
  const handlers: Handlers = {
    authorize: ({ query }) => handover.authorize(query),
    createTokens: async ({ body }) => ({ body: await handover.exchange(body) }),
    ...(auth.provider === 'cognito' ? cognitoHandlers(new CognitoAccounts(auth, deps)) : refreshBy(handover)),
  }
  const refuse = async () => {
    throw elsewhere(auth.issuer)
  }
  return declared.map((item) => ({ ...item, handle: (handlers[item.operationId] ?? refuse) as unknown as Handle }))
}

function declare(item: Endpoint): Endpoint {
  const more = item.operationId === 'verifyEmail' ? [signInAtIssuer, signInNow] : [signInAtIssuer]
  return { ...item, problems: [...(item.problems ?? []), ...more] }
}

const refreshBy = (by: { refresh(token: string): Promise<unknown> }): Handlers => ({
  refresh: async ({ body }: { body: { refresh_token: string } }) => ({ body: await by.refresh(body.refresh_token) }),
})

const cognitoHandlers = (accounts: CognitoAccounts): Handlers => ({
  ...refreshBy(accounts),
  signup: async ({ body }) => ({ body: await accounts.signUp(body) }),
  verifyEmail: async ({ body }) => ({ body: await accounts.verifyEmail(body) }),
  login: async ({ body }) => ({ body: await accounts.signIn(body) }),
  forgotPassword: async ({ body }) => {
    await accounts.forgotPassword(body)
    return {}
  },
  resetPassword: async ({ body }) => {
    await accounts.resetPassword(body)
    return {}
  },
})
