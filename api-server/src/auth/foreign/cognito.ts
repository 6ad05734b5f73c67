import { createHmac } from 'node:crypto'
import {
  type AuthenticationResultType,
  type CognitoIdentityProviderClient,
  ConfirmForgotPasswordCommand,
  ConfirmSignUpCommand,
  ForgotPasswordCommand,
  GetTokensFromRefreshTokenCommand,
  InitiateAuthCommand,
  SignUpCommand,
} from '@aws-sdk/client-cognito-identity-provider'
import type { CognitoConfig } from '@mdcreator/shared/config'
import { foreignUserId } from '@mdcreator/shared/foreign-tokens'
import type { z } from 'zod'
import { Problem } from '../../http/problem.ts'
import type {
  ForgotPasswordBody,
  LoginBody,
  ResetPasswordBody,
  SignupBody,
  SignupReply,
  Tokens,
  VerifyEmailBody,
} from '../auth.schema.ts'
import { refusedRefresh } from '../refresh.ts'
import { toUser } from '../user.ts'
import { cognitoClient, isRefusal } from './cognito-client.ts'
import { asProblem, isNamed } from './cognito-errors.ts'
import { elsewhere, signInNow } from './problems.ts'
import { endSessionsAt } from './provision.queries.ts'
import { type ForeignDeps, passOn } from './tokens.ts'

type Body<S extends z.ZodType> = z.output<S>

/** What the endpoints of accounts do with a user pool of Cognito. */
export class CognitoAccounts {
  private readonly config: CognitoConfig
  private readonly deps: ForeignDeps
  private readonly client: CognitoIdentityProviderClient

  constructor(config: CognitoConfig, deps: ForeignDeps) {
    this.config = config
    this.deps = deps
    this.client = cognitoClient(config)
  }

  /** The answer for an address that has an account looks like any other: Cognito mails a code to new ones only. */
  async signUp({ email, password, display_name }: Body<typeof SignupBody>): Promise<z.input<typeof SignupReply>> {
    const reply = (subject: string) => {
      const now = new Date()
      const id = foreignUserId(this.config.issuer, subject)
      return { user: toUser({ id, email, display_name, avatar_url: null, created_at: now, updated_at: now }) }
    }
    try {
      const attributes = { email, name: display_name }
      const answer = await this.client.send(
        new SignUpCommand({
          ...this.named(email),
          Password: password,
          UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
        }),
      )
      const { user } = reply(String(answer.UserSub))
      if (answer.UserConfirmed) return { user, ...(await this.signIn({ email, password })) }
      return { user, verification_required: true }
    } catch (error) {
      if (!isNamed(error, 'UsernameExistsException')) throw asProblem(error, 'password')
      return { ...reply(crypto.randomUUID()), verification_required: true }
    }
  }

  /** Tokens come with the code where the app client allows choice-based sign-in; else people sign in afterwards. */
  async verifyEmail({ email, code }: Body<typeof VerifyEmailBody>): Promise<Tokens> {
    try {
      const { Session } = await this.client.send(
        new ConfirmSignUpCommand({ ...this.named(email), ConfirmationCode: code }),
      )
      if (Session) {
        const command = { AuthFlow: 'USER_AUTH', ClientId: this.config.clientId, Session } as const
        const answer = await this.client.send(
          new InitiateAuthCommand({ ...command, AuthParameters: this.parameters(email) }),
        )
        if (answer.AuthenticationResult) return await this.toTokens(answer.AuthenticationResult)
      }
    } catch (error) {
      throw asProblem(error, 'code')
    }
    throw new Problem(signInNow, 'The address is confirmed: sign in with your password')
  }

  async signIn({ email, password }: Body<typeof LoginBody>): Promise<Tokens> {
    try {
      const { AuthenticationResult: result } = await this.client.send(
        new InitiateAuthCommand({
          AuthFlow: 'USER_PASSWORD_AUTH',
          ClientId: this.config.clientId,
          AuthParameters: { ...this.parameters(email), PASSWORD: password },
        }),
      )
      // A second factor or a new password is asked for: Cognito's own pages do that.
      if (!result) throw elsewhere(this.config.issuer)
      return await this.toTokens(result)
    } catch (error) {
      throw asProblem(error, 'credentials')
    }
  }

  async refresh(refreshToken: string): Promise<Tokens> {
    const { clientId: ClientId, clientSecret: ClientSecret } = this.config
    try {
      // The secret's hash would need the name of the user, which a refresh token does not tell.
      const { AuthenticationResult: result } = ClientSecret
        ? await this.client.send(
            new GetTokensFromRefreshTokenCommand({ ClientId, ClientSecret, RefreshToken: refreshToken }),
          )
        : await this.client.send(
            new InitiateAuthCommand({
              ...{ AuthFlow: 'REFRESH_TOKEN_AUTH', ClientId, AuthParameters: { REFRESH_TOKEN: refreshToken } },
            }),
          )
      if (!result) throw refusedRefresh()
      return await this.toTokens({ RefreshToken: refreshToken, ...result })
    } catch (error) {
      if (isRefusal(error)) throw refusedRefresh()
      throw asProblem(error, 'credentials')
    }
  }

  /** Whatever Cognito says of the address stays here. */
  async forgotPassword({ email }: Body<typeof ForgotPasswordBody>): Promise<void> {
    try {
      await this.client.send(new ForgotPasswordCommand(this.named(email)))
    } catch (error) {
      if (!isRefusal(error)) throw asProblem(error, 'code')
      this.deps.log.info({ reason: (error as Error).name }, 'Cognito mailed no code for a new password')
    }
  }

  async resetPassword({ email, code, password }: Body<typeof ResetPasswordBody>): Promise<void> {
    const { db, announce } = this.deps
    try {
      await this.client.send(
        new ConfirmForgotPasswordCommand({ ...this.named(email), ConfirmationCode: code, Password: password }),
      )
    } catch (error) {
      throw asProblem(error, 'code')
    }
    const userId = await endSessionsAt(db, this.config.issuer, email)
    if (userId) await announce({ user_id: userId })
  }

  private named(email: string) {
    const hash = this.secretHash(email)
    return { ClientId: this.config.clientId, Username: email, ...(hash && { SecretHash: hash }) }
  }

  private parameters(email: string): Record<string, string> {
    const hash = this.secretHash(email)
    return { USERNAME: email, ...(hash && { SECRET_HASH: hash }) }
  }

  /** Proves that we are the client, for one user. */
  private secretHash(username: string): string | undefined {
    const { clientId, clientSecret } = this.config
    if (clientSecret === null) return undefined
    return createHmac('sha256', clientSecret)
      .update(username + clientId)
      .digest('base64')
  }

  private toTokens({
    AccessToken,
    RefreshToken,
    IdToken,
    ExpiresIn = 3600,
  }: AuthenticationResultType): Promise<Tokens> {
    return passOn(this.deps.db, {
      ...{ access_token: String(AccessToken), expires_in: ExpiresIn },
      ...(RefreshToken && { refresh_token: RefreshToken }),
      ...(IdToken && { id_token: IdToken }),
    })
  }
}
