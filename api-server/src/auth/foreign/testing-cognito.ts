import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  AdminUpdateUserAttributesCommand,
  CognitoIdentityProviderClient,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from '@aws-sdk/client-cognito-identity-provider'

// For tests only.

export type TestPool = {
  /** The code that is mailed to everybody. */
  code: string
  /** The environment of a server that is to trust the pool. */
  environment: Record<string, string>
  client: CognitoIdentityProviderClient
  /** Cognito does that with the code; cognito-local does not. */
  markVerified(email: string): Promise<void>
  stop(): Promise<void>
}

/** A user pool of cognito-local on loopback. */
export async function startCognito(): Promise<TestPool> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-cognito-'))
  mkdirSync(path.join(folder, '.cognito/db'), { recursive: true })
  const port = await freePort()
  const code = '123456'
  const child = fork(path.join(import.meta.dirname, 'testing-cognito-process.ts'), {
    cwd: folder,
    env: { PORT: String(port), HOST: 'localhost', CODE: code },
    execArgv: [],
  })
  await Promise.race([once(child, 'message'), once(child, 'exit').then(() => Promise.reject(new Error('It ended')))])
  const endpoint = `http://localhost:${port}`
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  const client = new CognitoIdentityProviderClient({ region: 'local', endpoint, credentials })
  const { UserPool } = await client.send(
    new CreateUserPoolCommand({ PoolName: 'test', UsernameAttributes: ['email'], AutoVerifiedAttributes: ['email'] }),
  )
  const poolId = String(UserPool?.Id)
  const { UserPoolClient } = await client.send(
    new CreateUserPoolClientCommand({ UserPoolId: poolId, ClientName: 'test' }),
  )
  return {
    code,
    client,
    environment: {
      AUTH_PROVIDER: 'cognito',
      AWS_REGION: 'eu-central-1',
      COGNITO_USER_POOL_ID: poolId,
      COGNITO_CLIENT_ID: String(UserPoolClient?.ClientId),
      COGNITO_ENDPOINT: endpoint,
    },
    markVerified: async (email) => {
      const UserAttributes = [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ]
      await client.send(new AdminUpdateUserAttributesCommand({ UserPoolId: poolId, Username: email, UserAttributes }))
    },
    stop: async () => {
      client.destroy()
      child.disconnect()
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
