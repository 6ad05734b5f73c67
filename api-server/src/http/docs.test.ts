import { expect } from 'chai'
import { type Json, testApi } from '../testing.ts'
import { Contract } from '../testing-contract.ts'
import { listEndpoints } from '../testing-endpoints.ts'

const methods = ['get', 'post', 'put', 'patch', 'delete']

describe('the API document', () => {
  const api = testApi()
  let document: Json
  let operations: { method: string; path: string; operation: Json }[]
  before(async () => {
    document = (await api.request('GET', '//openapi.json')).body
    operations = Object.entries(document.paths as Json).flatMap(([path, item]) =>
      Object.entries(item as Json).map(([method, operation]) => ({ method, path, operation })),
    )
  })

  const resolve = ({ $ref }: Json): Json => ($ref ? document.components.schemas[$ref.split('/').at(-1)] : {})

  it('is OpenAPI 3.1 with everything that it must have', () => {
    expect(document.openapi).to.equal('3.1.1')
    expect(document.info).to.include.keys('title', 'version')
    expect(document.components.securitySchemes.bearer).to.include({ type: 'http', scheme: 'bearer' })
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).to.equal(ids.length)
    for (const { method, path, operation } of operations) {
      expect(methods).to.include(method)
      expect(operation).to.include.keys('operationId', 'summary', 'description', 'tags', 'security', 'responses')
      expect(operation.summary, operation.operationId).to.match(/^.{3,100}[^.]$/)
      expect(operation.description, operation.operationId).to.match(/^.{10,}[.]$/s)
      const declared = (operation.parameters ?? []).filter((parameter: Json) => parameter.in === 'path')
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      expect(declared.map((parameter: Json) => parameter.name)).to.have.members(inPath)
    }
  })

  it('has an example of every body and every parameter, and each is right', () => {
    const contract = new Contract(document)
    for (const { operation } of operations) {
      const where = operation.operationId
      for (const { name, schema, ...parameter } of operation.parameters ?? []) {
        if (parameter.in === 'path')
          expect(schema.example ?? resolve(schema).example, `${where} ${name}`).to.be.a('string')
      }
      const bodies = [operation.requestBody, ...Object.values(operation.responses)]
      for (const media of bodies.flatMap((body: Json) => Object.values(body?.content ?? {})) as Json[]) {
        const named = Object.values(media.examples ?? {}) as Json[]
        const examples = media.examples ? named.map(({ value }) => value) : [media.example]
        expect(examples, where).not.to.include(undefined).and.not.deep.equal([])
        for (const example of examples) expect(contract.faultsIn(media.schema, example), where).to.deep.equal([])
      }
    }
  })

  it('takes an Idempotency-Key wherever something is created, except where the answer holds a secret', () => {
    const withoutKey = operations.filter(({ method, operation }) => {
      const names = (operation.parameters ?? []).map(({ name }: Json) => name)
      return method === 'post' && operation.responses[201] && !names.includes('Idempotency-Key')
    })
    const ids = withoutKey.map(({ operation }) => operation.operationId)
    expect(ids).to.have.members(['signup', 'createPersonalAccessToken', 'createCollabTicket'])
  })

  it('names the schema of every body', () => {
    for (const { operation } of operations) {
      for (const body of [operation.requestBody, ...Object.values(operation.responses)] as Json[]) {
        const schema = body?.content?.['application/json']?.schema
        if (schema) expect(schema, operation.operationId).to.have.property('$ref')
      }
    }
  })

  it('has no reference that leads nowhere', () => {
    const text = JSON.stringify(document)
    for (const [, pointer = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      const target = pointer.split('/').reduce((node: Json, key) => node?.[key], document)
      expect(target, pointer).to.be.an('object')
    }
  })

  it('holds every endpoint, each is mounted, and each is answered', async () => {
    const declared = listEndpoints().map(({ method, path }) => `${method} ${path}`)
    expect(operations.map(({ method, path }) => `${method} ${path}`)).to.have.members(declared)
    for (const { method, path, operation } of operations) {
      const answer = await api.request(method.toUpperCase(), `/${path.replaceAll(/\{\w+\}/g, crypto.randomUUID())}`)
      expect(Object.keys(operation.responses)).to.include(String(answer.status), `${method} ${path}`)
      if (operation.security.length > 0) expect(answer.status).to.equal(401)
    }
    for (const [path, item] of Object.entries(document.paths as Json)) {
      const { headers } = await api.request('OPTIONS', `/${path.replaceAll(/\{\w+\}/g, crypto.randomUUID())}`)
      const mounted = String(headers.get('Allow')).toLowerCase().split(', ')
      expect(mounted.filter((method) => methods.includes(method))).to.have.members(Object.keys(item as Json))
    }
  })

  it('describes every failure as problem details', () => {
    for (const { operation } of operations) {
      for (const [status, response] of Object.entries(operation.responses as Json)) {
        if (Number(status) < 400) continue
        const types = Object.keys((response as Json).content)
        // People in a browser are shown a page.
        const expected = operation.responses[303]
          ? ['application/problem+json', 'text/html']
          : ['application/problem+json']
        for (const type of types) expect(type).to.be.oneOf(expected)
        expect(types).not.to.deep.equal([])
      }
    }
    const { responses, security, requestBody } = document.paths['/api/v1/documents/{document_id}'].patch
    expect(security).to.deep.equal([{ bearer: [] }, { personal_access_token: ['documents:write'] }])
    expect(requestBody.content['application/json'].schema.$ref).to.equal('#/components/schemas/DocumentPatch')
    expect(document.components.schemas.DocumentPatch.additionalProperties).to.equal(false)
    expect(Object.keys(responses)).to.include.members('200 400 401 403 404 409 412 413 415 422 428 503 504'.split(' '))
    expect(responses[200].headers).to.have.property('ETag')
    const headersOf = (path: string, method: string) =>
      document.paths[path][method].parameters.flatMap((item: Json) => (item.in === 'header' ? [item.name] : []))
    expect(headersOf('/api/v1/documents/{document_id}', 'patch')).to.deep.equal(['If-Match'])
    expect(headersOf('/api/v1/documents/{document_id}', 'get')).to.deep.equal(['If-None-Match'])
    expect(responses[412].content['application/problem+json'].schema).to.have.nested.property('properties.content_hash')
  })

  for (const [page, policy] of [
    ['/docs', /^default-src 'none'; script-src 'self';/],
    ['/redoc', /worker-src blob:/],
  ] as const) {
    it(`is shown at ${page}, with nothing from another host`, async () => {
      const answer = await api.request('GET', `/${page}`)
      expect(answer.status).to.equal(200)
      expect(answer.headers.get('Content-Security-Policy')).to.match(policy).and.not.contain('http')
      expect(answer.text).not.to.match(/(src|href)="(https?:)?\/\//)
      for (const [, file] of answer.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)) {
        const asset = await api.request('GET', `/${file}`)
        expect(asset.status, file).to.equal(200)
        expect(asset.headers.get('Content-Type')).to.match(/javascript|css/)
      }
    })
  }
})
