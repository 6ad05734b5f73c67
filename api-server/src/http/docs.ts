import { createRequire } from 'node:module'
import path from 'node:path'
import { type Response, Router, static as serveFiles } from 'express'

const resolve = createRequire(import.meta.url).resolve
const swaggerFolder = path.dirname(resolve('swagger-ui-dist/package.json'))
const redocBundle = path.join(path.dirname(resolve('redoc/package.json')), 'bundles/redoc.standalone.js')

// Swagger UI draws its icons from data: URLs, and both set styles from script; nothing comes from another host.
const shared =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
const policies = {
  docs: shared,
  // ReDoc builds its search index in a worker made from a Blob.
  redoc: `${shared}; worker-src blob:`,
}

const swaggerPage = page('<link rel="stylesheet" href="/docs/swagger-ui.css">', '<div id="ui"></div>', [
  '/docs/swagger-ui-bundle.js',
  '/docs/start.js',
])
const swaggerStart = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#ui', validatorUrl: null, deepLinking: true, persistAuthorization: false })\n`
// The logo below ReDoc's menu comes from its maker's host.
const redocPage = page('<style>img[src^="https:"] { display: none }</style>', '<div id="ui"></div>', [
  '/redoc/redoc.standalone.js',
  '/redoc/start.js',
])
const redocStart = `Redoc.init('/openapi.json', { disableSearch: false }, document.getElementById('ui'))\n`

/** `/openapi.json`, and two pages that show it: `/docs` (Swagger UI) and `/redoc`. Both work without other hosts. */
export function docsRoutes(openApi: object): Router {
  const routes = Router()
  const json = JSON.stringify(openApi)
  routes.get('/openapi.json', (_req, res) => {
    res.set('Cache-Control', 'no-cache').type('json').send(json)
  })
  routes.get('/docs', (_req, res) => sendPage(res, swaggerPage, policies.docs))
  routes.get('/docs/start.js', (_req, res) => sendScript(res, swaggerStart))
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    routes.use(`/docs/${file}`, serveFiles(path.join(swaggerFolder, file), { index: false, redirect: false }))
  }
  routes.get('/redoc', (_req, res) => sendPage(res, redocPage, policies.redoc))
  routes.get('/redoc/start.js', (_req, res) => sendScript(res, redocStart))
  routes.use('/redoc/redoc.standalone.js', serveFiles(redocBundle, { index: false, redirect: false }))
  return routes
}

function page(head: string, body: string, scripts: string[]): string {
  const tags = scripts.map((src) => `<script src="${src}"></script>`).join('')
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>MD Creator API</title><meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">${head}</head><body>${body}${tags}</body></html>\n`
}

function sendPage(res: Response, html: string, policy: string): void {
  res.set({ 'Content-Security-Policy': policy, 'Cache-Control': 'no-cache' }).type('html').send(html)
}

function sendScript(res: Response, script: string): void {
  res.set('Cache-Control', 'no-cache').type('text/javascript').send(script)
}
