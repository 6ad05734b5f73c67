import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { loadConfig } from '@mdcreator/shared/config'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { composeMail, createMailer, Mailer } from './index.ts'
import { outbox } from './outbox.ts'
import { smtp } from './smtp.ts'

type Received = { from: string; to: string[]; message: string }

describe('mail', () => {
  let lines: string[]
  const log = createLogger('info', { write: (line) => lines.push(line) })
  const mail = { to: 'ada@example.com', subject: 'Your code', text: 'The code is 123456.\n' }
  let stops: (() => unknown)[]
  beforeEach(() => {
    lines = []
    stops = []
  })
  afterEach(async () => {
    for (const stop of stops) await stop()
  })

  describe('over SMTP', () => {
    const received: Received[] = []
    beforeEach(() => received.splice(0))

    /** A server on this machine; gives its URL. */
    async function serve(options: SMTPServerOptions = {}, credentials = ''): Promise<string> {
      const server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        allowInsecureAuth: true,
        onData: async (stream, session, done) => {
          const { mailFrom, rcptTo } = session.envelope
          const message = await text(stream)
          received.push({ from: mailFrom ? mailFrom.address : '', to: rcptTo.map(({ address }) => address), message })
          done()
        },
        ...options,
      })
      server.on('error', () => {})
      server.listen(0, '127.0.0.1')
      await once(server.server, 'listening')
      stops.push(() => new Promise((resolve) => server.close(() => resolve(undefined))))
      return `smtp://${credentials}127.0.0.1:${(server.server.address() as AddressInfo).port}`
    }
    const mailerFor = (href: string, pausesMs = [0, 0]) =>
      new Mailer({ transport: smtp(href), from: 'MD Creator <no-reply@docs.example.com>', log, pausesMs })

    it('arrives, and the log says where it went, not what it says', async () => {
      const href = await serve()
      const config = loadConfig({ SMTP_URL: href, PUBLIC_URL: 'https://docs.example.com' })
      const mailer = createMailer(config, log)
      mailer.send({ ...mail, html: '<p>The code is 123456.</p>' })
      await mailer.idle()
      expect(received).to.have.length(1)
      expect(received[0]).to.deep.include({ from: 'no-reply@docs.example.com', to: ['ada@example.com'] })
      expect(received[0]?.message)
        .to.contain('Subject: Your code\r\n')
        .and.contain('From: MD Creator <no-reply@docs.example.com>\r\n')
        .and.contain('The code is 123456.')
        .and.contain('text/html')
      expect(lines).to.have.length(1)
      expect(lines[0]).to.contain('127.0.0.1').and.not.contain('123456').and.not.contain('ada@')
    })

    it('signs in with the user and the password of the URL', async () => {
      const seen: unknown[] = []
      const href = await serve(
        {
          authOptional: false,
          onAuth({ username, password }, _session, done) {
            seen.push(username, password)
            done(null, { user: username })
          },
        },
        'a%40b:p%3Ass@',
      )
      const mailer = mailerFor(href)
      mailer.send(mail)
      await mailer.idle()
      expect(seen).to.deep.equal(['a@b', 'p:ss'])
      expect(received).to.have.length(1)
    })

    it('takes a line end in a subject for a space, and nothing but one address', async () => {
      const mailer = mailerFor(await serve())
      mailer.send({ ...mail, subject: 'Ada\r\nBcc: eve@example.com\r\n\r\nHello\u2028x\0' })
      await mailer.idle()
      const [head = ''] = String(received[0]?.message).split('\r\n\r\n')
      expect(head).to.contain('Subject: Ada Bcc: eve@example.com Hello x').and.not.match(/^Bcc:/im)
      expect(received[0]?.to).to.deep.equal(['ada@example.com'])
      for (const to of [
        'ada@example.com, eve@example.com',
        'ada@example.com\r\nBcc: eve@example.com',
        'Ada <ada@example.com>',
        '"a b"@example.com',
        'ada',
      ]) {
        expect(() => mailer.send({ ...mail, to }), to).to.throw()
      }
    })

    for (const [what, responseCode, tries] of [
      ['again where the server says later', 451, 3],
      ['once where it says never', 550, 1],
    ] as const) {
      it(`tries ${what}, and logs that it was not sent`, async () => {
        let asked = 0
        const href = await serve({
          onRcptTo(_address, _session, done) {
            asked++
            done(Object.assign(new Error('no'), { responseCode }))
          },
        })
        const mailer = mailerFor(href)
        mailer.send(mail)
        await mailer.idle()
        expect(asked).to.equal(tries)
        const last = JSON.parse(String(lines.at(-1)))
        expect(last).to.include({ level: 'error', msg: 'a mail could not be sent', tries })
        expect(lines.join('')).not.to.contain('123456')
      })
    }

    it('does not wait for its turn when it is closed', async () => {
      let asked = 0
      const first = Promise.withResolvers<void>()
      const href = await serve({
        onRcptTo(_address, _session, done) {
          asked++
          done(Object.assign(new Error('later'), { responseCode: 451 }))
          first.resolve()
        },
      })
      const mailer = mailerFor(href, [3_600_000])
      mailer.send(mail)
      await first.promise
      await mailer.close()
      expect(asked).to.be.within(1, 2)
      expect(lines.join('')).to.contain('a mail could not be sent"')
    })

    it('gives its password to no server without TLS, except on this machine', async () => {
      let asked = 0
      const href = await serve({
        onAuth(_credentials, _session, done) {
          asked++
          done(null, { user: 'user' })
        },
      })
      // The same machine, under an address that does not say so.
      const port = new URL(href).port
      const mailer = mailerFor(`smtp://user:canary@[::ffff:127.0.0.1]:${port}`, [])
      mailer.send(mail)
      await mailer.idle()
      expect([asked, received.length]).to.deep.equal([0, 0])
      expect(lines.join('')).to.contain('a mail could not be sent').and.not.contain('canary')
    })
  })

  describe('into files', () => {
    let folder: string
    beforeEach(() => {
      folder = path.join(mkdtempSync(path.join(tmpdir(), 'mdcreator-mail-')), 'data', 'outbox')
      stops.push(() => rmSync(path.join(folder, '../..'), { recursive: true }))
    })

    it('is what happens without SMTP_URL; nobody else may read them', async () => {
      const mailer = createMailer(loadConfig({ DATA_DIR: path.join(folder, '..') }), log)
      mailer.send(mail)
      await mailer.close()
      const [name = ''] = readdirSync(folder)
      const file = path.join(folder, name)
      expect(name).to.match(/\.eml$/)
      expect(readFileSync(file, 'utf8')).to.contain('To: ada@example.com').and.contain('123456')
      expect(statSync(file).mode & 0o777).to.equal(0o600)
      expect(statSync(folder).mode & 0o777).to.equal(0o700)
      expect(JSON.parse(String(lines[0]))).to.include({ level: 'info', mail: file })
    })

    it('keeps the latest 200', async () => {
      const write = outbox(folder)
      for (let i = 0; i < 203; i++) await write({ ...mail, from: 'a@example.com', subject: `n${i}.` })
      const subjects = readdirSync(folder)
        .sort()
        .map((name) => /Subject: (n\d+\.)/.exec(readFileSync(path.join(folder, name), 'utf8'))?.[1])
      expect(subjects).to.have.length(200)
      expect([subjects[0], subjects.at(-1)]).to.deep.equal(['n3.', 'n202.'])
    })

    it('logs that a mail is lost where they cannot be written', async () => {
      const mailer = new Mailer({ transport: outbox('/dev/null/outbox'), from: 'a@example.com', log, pausesMs: [] })
      mailer.send(mail)
      await mailer.idle()
      expect(JSON.parse(String(lines[0]))).to.include({ level: 'error' })
      expect(existsSync('/dev/null/outbox')).to.equal(false)
    })
  })

  it('drops and logs what is more than may wait', async () => {
    const held = Promise.withResolvers<string>()
    const mailer = new Mailer({ transport: () => held.promise, from: 'a@example.com', log })
    for (let i = 0; i < 505; i++) mailer.send(mail)
    expect(lines).to.have.length(1)
    expect(lines[0]).to.contain('a mail was dropped')
    held.resolve('somewhere')
    await mailer.idle()
    expect(lines).to.have.length(505)
  })

  it('is composed as plain text and as HTML, in which names are text', () => {
    const { text, html } = composeMail({
      subject: 'Hello',
      paragraphs: ['<b>Ada</b> & "friends" invite you.', 'Bye.'],
      code: '123456',
      link: { label: 'Join', url: 'https://docs.example.com/?a=1&b="' },
    })
    expect(text).to.contain('<b>Ada</b> & "friends"').and.contain('\n\n    123456\n\n').and.contain('Join:\nhttps://')
    expect(html).to.contain('&lt;b&gt;Ada&lt;/b&gt; &amp; &quot;friends&quot;').and.not.contain('<b>')
    expect(html)
      .to.contain('href="https://docs.example.com/?a=1&amp;b=&quot;"')
      .and.not.match(/<(img|script|link)/)
  })
})
