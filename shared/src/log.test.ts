import { expect } from 'chai'
import { createLogger, requestContext } from './log.ts'

describe('the log', () => {
  const canary = 'c4n4ry-s3cr3t'
  const logged = (write: (log: ReturnType<typeof createLogger>) => void): string => {
    const lines: string[] = []
    write(createLogger('trace', { write: (line: string) => void lines.push(line) }))
    return lines.join('')
  }

  it('is one JSON line with level, time and message', () => {
    expect(JSON.parse(logged((log) => log.info({ port: 1 }, 'ready')))).to.include({
      level: 'info',
      port: 1,
      msg: 'ready',
    })
  })

  it("carries the request's id", () => {
    const line = logged((log) => requestContext.run({ requestId: 'r-1' }, () => log.info('hello')))
    expect(JSON.parse(line)).to.include({ requestId: 'r-1' })
  })

  it('never holds a secret, wherever it stands', () => {
    const token = `eyJhbGciOiJFUzI1NiJ9.${canary}.${canary}`
    const lines = logged((log) => {
      log.info({ token: canary, ticket: canary, user: { password: canary } }, 'fields')
      log.info({ req: { headers: { authorization: `Bearer ${canary}` } } }, 'headers')
      log.info(`GET /ws/documents/1?a=b&token=${canary}#x`)
      log.info(`GET /ws/documents/1?ticket=${canary}&a=b`)
      log.info(`the ticket was mdt_${canary.padEnd(43, 'x')}`)
      log.info(`GET /?access_token=${canary}&code=${canary}`)
      log.info(`GET /api/v1/invitations/${canary.padEnd(43, 'x')}/accept?a=b`)
      log.info(`Authorization: bearer ${canary}`)
      log.info(`the token was ${token}`)
      log.error({ err: new Error(`cannot reach postgres://me:${canary}@db/x`) }, 'failed')
      log.error(new Error(`rediss://:${canary}@cache`), 'failed')
    })
    expect(lines).to.not.include(canary)
    expect(lines.trim().split('\n')).to.have.length(11)
  })

  it('keeps the code of an error', () => {
    const error = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    expect(JSON.parse(logged((log) => log.error({ err: error }, 'failed'))).err).to.include({ code: 'ECONNREFUSED' })
  })
})
