export type Tokens = { access_token: string; refresh_token: string }

/** Where an application keeps the tokens of who is signed in. */
export type TokenStore = {
  read(): Tokens | null
  /** Takes the new pair, or null once the session has ended. */
  write(tokens: Tokens | null): void
}

/** A store that lasts as long as the page or the program. */
export function memoryStore(tokens: Tokens | null = null): TokenStore {
  let current = tokens
  return {
    read: () => current,
    write: (next) => {
      current = next
    },
  }
}

type Send = (request: Request) => Promise<Response>

/**
 * Sends requests with the store's access token, and exchanges the refresh token when it has expired: once, however many
 * requests find that out at the same time, because a refresh token that is shown twice ends the session.
 */
export class Session {
  private readonly store: TokenStore
  private readonly refreshUrl: string
  private readonly send: Send
  private refreshing: Promise<Tokens | null> | undefined

  constructor(store: TokenStore, refreshUrl: string, send: Send) {
    this.store = store
    this.refreshUrl = refreshUrl
    this.send = send
  }

  async fetch(request: Request): Promise<Response> {
    const used = this.store.read()
    const response = await this.send(withToken(request.clone(), used?.access_token))
    if (response.status !== 401 || !used) return response
    const current = this.store.read()
    const next = current && current.access_token !== used.access_token ? current : await this.refreshed(used)
    return next ? this.send(withToken(request, next.access_token)) : response
  }

  private refreshed(used: Tokens): Promise<Tokens | null> {
    this.refreshing ??= this.refresh(used).finally(() => {
      this.refreshing = undefined
    })
    return this.refreshing
  }

  /** The new pair, or null where the session has ended. */
  private async refresh({ refresh_token }: Tokens): Promise<Tokens | null> {
    const body = JSON.stringify({ refresh_token })
    const headers = { 'Content-Type': 'application/json' }
    const response = await this.send(new Request(this.refreshUrl, { method: 'POST', headers, body }))
    // Any other failure may pass, and says nothing about the session.
    if (!response.ok && response.status !== 401) return null
    const tokens = response.ok ? ((await response.json()) as Tokens) : null
    this.store.write(tokens && { access_token: tokens.access_token, refresh_token: tokens.refresh_token })
    return tokens
  }
}

export function withToken(request: Request, token: string | undefined): Request {
  if (token !== undefined) request.headers.set('Authorization', `Bearer ${token}`)
  return request
}
