import type { Database } from '@mdcreator/db/database'
import type { Bus } from '@mdcreator/shared/bus/bus'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import type { Request, Response } from 'express'
import type { RateLimits } from '../http/rate-limit.ts'
import { networkOf } from '../http/request-log.ts'
import type { Mailer } from '../mail/index.ts'
import type { Tokens } from './auth.schema.ts'
import { EmailCodes } from './email-codes.ts'
import { newSession } from './sessions.ts'
import { accessTokenLifetime, sharedSecret, type TokenSigner } from './signing-keys.ts'
import { Throttle } from './throttle.ts'

export type AuthOptions = {
  config: Config
  db: Database
  bus: Bus
  log: Logger
  mailer: Mailer
  limits: RateLimits
  signer: TokenSigner
}

/** What the endpoints of the local issuer share. */
export type AuthDeps = AuthOptions & {
  codes: EmailCodes
  throttle: Throttle
  /** Where a request comes from. */
  networkOf: (req: Request) => string
}

export function authDeps(options: AuthOptions): AuthDeps {
  return {
    ...options,
    codes: new EmailCodes(sharedSecret(options.db, 'e-mail codes')),
    throttle: new Throttle(options.limits),
    networkOf: (req) => networkOf(req.res as Response),
  }
}

/** A new session for the device that asks. */
export function sessionFor(req: Request, { networkOf }: AuthDeps, clientId?: string) {
  const opened = { userAgent: req.get('User-Agent'), network: networkOf(req) }
  return newSession(clientId === undefined ? opened : { ...opened, clientId })
}

export async function issueTokens(
  { signer }: Pick<AuthDeps, 'signer'>,
  { userId, sessionId, refreshToken }: { userId: string; sessionId: string; refreshToken: string },
): Promise<Tokens> {
  return {
    access_token: await signer.sign(userId, sessionId),
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: accessTokenLifetime,
  }
}
