import { createHash } from 'node:crypto'
import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { startWorld, type TestServer, until, type World } from './testing.ts'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('writing Markdown from the API', () => {
  let world: World
  let server: TestServer
  let userId: string
  let token: string
  before(async () => {
    world = await startWorld()
    server = await world.server()
    ;({ id: userId, token } = await world.person('Ada'))
  })
  after(() => world.stop())

  const write = (
    documentId: string,
    content: string,
    baseHash: string,
    more: { title?: string; base_version?: number } = {},
  ) =>
    server.bus.request('document.write-markdown', {
      document_id: documentId,
      user_id: userId,
      content,
      base_hash: baseHash,
      ...more,
    })

  it('changes a document that nobody has open, and answers once text, hash and log have it', async () => {
    const document = await world.document('# Old')
    expect(await write(document, '# New', sha256('# Old'), { title: 'New title' })).to.deep.equal({
      outcome: 'written',
    })
    const row = await world.row(document)
    expect(row).to.include({ content: '# New', content_hash: sha256('# New'), title: 'New title', updated_by: userId })
    const origins = (await world.logRows(document)).map((entry) => entry.origin)
    expect(origins).to.deep.equal(['seed', 'api'])
  })

  it('shows the change to open editors at once', async () => {
    const document = await world.document('First.\n\nSecond.')
    const client = world.connect(server, document, token)
    await until(() => client.words() !== '')
    await write(document, 'First.\n\nChanged.', sha256('First.\n\nSecond.'))
    await until(() => client.words().replace(/\s+/g, ' ') === 'First. Changed.')
  })

  it('refuses a base that is not the live text, and says what the live text is', async () => {
    const document = await world.document('Text.')
    const client = world.connect(server, document, token)
    await until(() => client.words() !== '')
    client.type('Typed.')
    await client.synced()
    const live = 'Text.\n\nTyped.'
    expect(await write(document, 'Mine.', sha256('Text.'))).to.deep.equal({
      ...{ outcome: 'conflict', content: live, content_hash: sha256(live) },
    })
    expect(client.words()).to.not.include('Mine')
  })

  it("refuses a version that is not the row's, and changes neither text nor title", async () => {
    const document = await world.document('Text.')
    const { version } = await world.row(document)
    const reply = await write(document, 'Mine.', sha256('Text.'), { title: 'Mine', base_version: version + 1 })
    expect(reply.outcome).to.equal('conflict')
    expect(await world.row(document)).to.include({ content: 'Text.', title: 'Test Document' })
  })

  it('lets one of many parallel writes with the same base win', async () => {
    const document = await world.document('Base.')
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) => write(document, `Write ${i}.`, sha256('Base.'))),
    )
    expect(replies.filter((reply) => reply.outcome === 'written')).to.have.length(1)
    const winner = replies.findIndex((reply) => reply.outcome === 'written')
    expect((await world.row(document)).content).to.equal(`Write ${winner}.`)
  })

  it('loses nothing of what somebody types into another paragraph at the same time', async () => {
    const paragraphs = (n: number, last: string): string => `Start ${n}.\n\n${last}`
    const document = await world.document(paragraphs(0, 'End.'))
    const client = world.connect(server, document, token)
    await until(() => client.words() !== '')
    const typed: string[] = []
    let base = paragraphs(0, 'End.')
    for (let written = 1; written <= 10; written++) {
      // Typed in the moment of the write: it either merges, or the write is refused and made again on what is there now.
      typed.push(`word${written}`)
      client.type(`word${written}`)
      for (;;) {
        const reply = await write(document, base.replace(/^Start \d+/, `Start ${written}`), sha256(base))
        if (reply.outcome === 'written') break
        if (reply.outcome === 'conflict') base = reply.content
      }
      await client.synced()
      base = ((await write(document, '', 'none')) as { content: string }).content
      for (const word of typed) expect(base).to.include(word)
    }
    await until(() => client.words().startsWith('Start 10.'))
  })

  it('changes nothing where the database refuses the title, and keeps nobody from going on', async () => {
    const document = await world.document('Text.')
    const client = world.connect(server, document, token)
    await until(() => client.words() !== '')
    const failure = await write(document, 'Changed.', sha256('Text.'), { title: 'x'.repeat(9_000) }).then(
      () => expect.fail('was written'),
      (error: Error) => error,
    )
    expect(failure).to.be.instanceOf(Error)
    client.type('Typed.')
    await client.synced()
    await until(async () => (await world.row(document)).content === 'Text.\n\nTyped.')
    expect(await write(document, 'Last.', sha256('Text.\n\nTyped.'))).to.deep.equal({ outcome: 'written' })
    expect(await world.row(document)).to.include({ content: 'Last.', title: 'Test Document' })
  })

  it('answers not-found for a document that is gone', async () => {
    expect(await write(newId(), 'Text.', sha256(''))).to.deep.equal({ outcome: 'not-found' })
  })

  it('closes the sockets of a deleted document with 4404', async () => {
    const document = await world.document('Text.')
    const client = world.connect(server, document, token)
    await client.synced()
    await world.owner.query('update documents set deleted_at = now() where id = $1', [document])
    await server.bus.publish('access.changed', { document_id: document })
    await client.closed()
    expect(client.closes[0]).to.equal(4404)
    client.close()
  })
})
