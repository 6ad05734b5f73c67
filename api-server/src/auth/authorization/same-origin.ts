import type { Request } from 'express'

/**
 * True where a browser says that our own page sent the form. `Sec-Fetch-Site` is what no page can forge; where a browser
 * does not send it (old ones; plain HTTP), `Origin` is.
 */
export function isSameOrigin(req: Request, publicUrl: string | null): boolean {
  const site = req.get('Sec-Fetch-Site')
  if (site !== undefined) return site === 'same-origin'
  const origin = URL.parse(req.get('Origin') ?? '')
  if (!origin) return false
  return origin.host === req.get('Host') || (publicUrl !== null && origin.origin === new URL(publicUrl).origin)
}
