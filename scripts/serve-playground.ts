import path from 'node:path'
import express, { type RequestHandler, Router } from 'express'
import type { Demo } from './demo.ts'

const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' https: data:",
  "font-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ')

/** The built playground at `/`, and at `/demo` what it signs in with. */
export function playgroundHandler(dist: string, demo: () => Demo | null): RequestHandler {
  const router = Router()
  router.get('/demo', (request, response, next) => {
    const answer = isThisMachine(request.socket.remoteAddress, request.headers) ? demo() : null
    if (answer) response.set('Cache-Control', 'no-store').json(answer)
    else next()
  })
  const assets = path.join(dist, 'assets')
  router.use('/assets', express.static(assets, { immutable: true, maxAge: '1y', index: false }))
  router.use(
    express.static(dist, {
      setHeaders: (response) => {
        response.setHeader('Content-Security-Policy', contentSecurityPolicy)
        response.setHeader('Cache-Control', 'no-cache')
      },
    }),
  )
  return router
}

/** The demo's passwords are for this machine: not through a proxy, and not under a name that somebody else points at it. */
function isThisMachine(address: string | undefined, headers: Record<string, unknown>): boolean {
  const loopback = /^(127\.|::1$|::ffff:127\.)/.test(address ?? '')
  const named = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(String(headers['host']))
  return loopback && named && headers['x-forwarded-for'] === undefined
}
