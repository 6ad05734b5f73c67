import { call } from './http.ts'
import { ApiError, SignedOutError } from './problem.ts'
import type { Tokens } from './types.ts'

const REFRESH_TOKEN = 'mdcreator.refresh-token'
const RENEW_BEFORE_MS = 60_000

/**
 * Who this tab is. The refresh token lives in sessionStorage, so that a reload keeps the person and a second tab may be
 * somebody else; the access token never leaves memory.
 */
export class Session {
  /** Called once when the server ends the session. */
  onEnded: () => void = () => {}
  #access: { token: string; expiresAt: number } | null = null
  #renewal: Promise<string> | null = null

  get stored(): boolean {
    return sessionStorage.getItem(REFRESH_TOKEN) !== null
  }

  async signIn(email: string, password: string): Promise<void> {
    this.#keep(await post<Tokens>('auth/login', { email, password }))
  }

  /** @returns true when the server first wants the code it has sent by mail: see {@link verifyEmail}. */
  async signUp(email: string, password: string, displayName: string): Promise<boolean> {
    const answer = await post<Tokens | { verification_required: true }>('auth/signup', {
      email,
      password,
      display_name: displayName,
    })
    if ('access_token' in answer) this.#keep(answer)
    return !('access_token' in answer)
  }

  async verifyEmail(email: string, code: string): Promise<void> {
    this.#keep(await post<Tokens>('auth/verify-email', { email, code }))
  }

  /** A token that is good for at least a minute. */
  async accessToken(): Promise<string> {
    if (this.#access && this.#access.expiresAt - Date.now() > RENEW_BEFORE_MS) return this.#access.token
    return await this.renew()
  }

  /** Trades the refresh token in; callers at the same time share one request, because a token is good once. */
  renew(): Promise<string> {
    this.#renewal ??= this.#trade().finally(() => {
      this.#renewal = null
    })
    return this.#renewal
  }

  async signOut(): Promise<void> {
    const token = this.#access?.token
    const refreshToken = sessionStorage.getItem(REFRESH_TOKEN)
    this.forget()
    const body = refreshToken === null ? {} : { refresh_token: refreshToken }
    if (token !== undefined) await call('auth/logout', { method: 'POST', token, body })
  }

  forget(): void {
    this.#access = null
    sessionStorage.removeItem(REFRESH_TOKEN)
  }

  async #trade(): Promise<string> {
    const refreshToken = sessionStorage.getItem(REFRESH_TOKEN)
    if (refreshToken === null) throw new SignedOutError('not signed in')
    try {
      return this.#keep(await post<Tokens>('auth/refresh', { refresh_token: refreshToken }))
    } catch (error) {
      if (!(error instanceof ApiError) || ![400, 401, 403, 422].includes(error.status)) throw error
      this.forget()
      this.onEnded()
      throw new SignedOutError('the session has ended', { cause: error })
    }
  }

  #keep(tokens: Tokens): string {
    sessionStorage.setItem(REFRESH_TOKEN, tokens.refresh_token)
    this.#access = { token: tokens.access_token, expiresAt: Date.now() + tokens.expires_in * 1000 }
    return tokens.access_token
  }
}

async function post<Answer>(path: string, body: unknown): Promise<Answer> {
  return (await (await call(path, { method: 'POST', body })).json()) as Answer
}
