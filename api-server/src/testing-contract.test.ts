import { expect } from 'chai'
import { testApi } from './testing.ts'
import { Contract, contractOf } from './testing-contract.ts'

describe('the contract that every answer in the tests is held to', () => {
  const api = testApi()
  let contract: Contract
  before(async () => {
    contract = await contractOf(api.origin)
  })

  const health = (change: { status?: number; body?: string; headers?: Record<string, string | null> } = {}) => {
    const headers = new Headers({
      'Content-Type': 'application/json; charset=utf-8',
      ETag: 'W/"x"',
      'X-Request-Id': 'x',
    })
    for (const [name, value] of Object.entries(change.headers ?? {})) {
      if (value === null) headers.delete(name)
      else headers.set(name, value)
    }
    const answer = { status: change.status ?? 200, headers, text: change.body ?? '{"status":"ok"}' }
    return () => contract.check('GET', '/healthz?x=1', answer)
  }

  it('takes what the document declares, and says nothing of what is not in it', () => {
    expect(health()).not.to.throw()
    const answer = { status: 418, headers: new Headers(), text: '' }
    expect(() => contract.check('GET', '/nowhere', answer)).not.to.throw()
    expect(() => contract.check('OPTIONS', '/healthz', answer)).not.to.throw()
  })

  it('refuses another status, type, body or header', () => {
    expect(health({ status: 418 })).to.throw(/a status that it does not declare/)
    expect(health({ headers: { 'Content-Type': 'text/html' } })).to.throw(/a body of text\/html/)
    expect(health({ body: '{"status":"good"}' })).to.throw(/must be equal to constant/)
    expect(health({ body: '{"status":"ok","more":1}' })).to.throw(/must NOT have additional properties/)
    expect(health({ body: '{}' })).to.throw(/must have required property/)
    expect(health({ headers: { ETag: null } })).to.throw(/no etag/)
    expect(health({ headers: { Location: '/' } })).to.throw(/a stray location/)
    expect(health({ status: 304 })).to.throw(/where it declares none/)
    expect(health({ status: 503, body: '{}', headers: { 'Content-Type': 'application/problem+json' } })).to.throw(
      /no retry-after.*a stray etag/,
    )
  })

  it('tells paths with parameters from those without', () => {
    const paths = { '/a/{x}': { get: { responses: {} } }, '/a/b': { get: { responses: { 204: {} } } } }
    const small = new Contract({ paths, components: {} })
    const answer = { status: 204, headers: new Headers(), text: '' }
    expect(() => small.check('GET', '/a/b', answer)).not.to.throw()
    expect(() => small.check('GET', '/a/c', answer)).to.throw(/GET \/a\/\{x\} broke its contract/)
  })
})
