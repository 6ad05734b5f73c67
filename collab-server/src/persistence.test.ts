import { Document } from '@hocuspocus/server'
import { newId } from '@mdcreator/shared/ids'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import * as Y from 'yjs'
import { documentTasks } from './document/document-tasks.ts'
import { persistence } from './persistence.ts'
import { startWorld, until, type World } from './testing.ts'
import { type Fold, Storage } from './update-log/storage.ts'

const fold: Fold = async (document) => documentTasks.fold(document)

describe('what is stored', () => {
  let world: World
  let token: string
  before(async () => {
    world = await startWorld()
    token = (await world.person('Ada')).token
  })
  after(() => world.stop())

  it('is in the log before it is acknowledged', async () => {
    const document = await world.document()
    const server = await world.server()
    const client = world.connect(server, document, token)
    await client.synced()
    for (const word of ['one', 'two', 'three']) {
      client.type(word)
      await client.synced()
      const doc = new Y.Doc()
      for (const row of await world.logRows(document)) Y.applyUpdate(doc, row.data)
      expect(doc.getXmlFragment('default').toString()).to.equal(client.document.getXmlFragment('default').toString())
    }
  })

  it('is there again on a new server, of which the old one wrote nothing but the log', async () => {
    const document = await world.document()
    const first = await world.server()
    const writer = world.connect(first, document, token)
    await writer.synced()
    writer.type('before the crash')
    await writer.synced()
    writer.close()
    const reader = world.connect(await world.server(), document, token)
    await until(() => reader.words() === 'before the crash')
  })

  it('is loaded as it is, whichever other documents are opened at the same moment', async () => {
    const [checkpointed, logged, untouched] = [await world.document(), await world.document(), await world.document()]
    const text = (word: string): Buffer => {
      const doc = new Y.Doc()
      doc.getXmlFragment('default').push([new Y.XmlText(word)])
      return Buffer.from(Y.encodeStateAsUpdate(doc))
    }
    const [old, young, one, two] = [text('old'), text('young'), text('one'), text('two')]
    await world.owner.query('update documents set yjs_state = $2, epoch = 3 where id = $1', [checkpointed, old])
    for (const [id, update] of [
      [logged, one],
      [checkpointed, young],
      [logged, two],
    ] as const) {
      await world.owner.query(
        `insert into document_updates (document_id, data, user_id, origin) values ($1, $2, null, 'client')`,
        [id, update],
      )
    }
    const storage = new Storage({ url: world.databaseUrl, poolSize: 2, log: createLogger('silent') })
    try {
      const ids = [logged, newId(), checkpointed, untouched, logged]
      const [first, none, second, third, again] = await Promise.all(ids.map((id) => storage.load(id)))
      expect(first).to.deep.include({ state: null, epoch: 0 })
      expect(first?.tail.map(({ data }) => Buffer.from(data))).to.deep.equal([one, two])
      expect(first?.clock).to.equal(first?.tail[1]?.id)
      expect(again).to.deep.equal(first)
      expect(none).to.equal(null)
      expect(second).to.deep.include({ state: old, epoch: 3 })
      expect(second?.tail.map(({ data }) => Buffer.from(data))).to.deep.equal([young])
      expect(third).to.deep.include({ state: null, tail: [], epoch: 0 })
    } finally {
      await storage.close()
    }
  })

  it('logs nothing for clients that add nothing, however often they connect', async () => {
    const document = await world.document('# Title')
    const server = await world.server()
    const first = world.connect(server, document, token)
    await first.synced()
    first.type('text')
    await first.synced()
    const rows = (await world.logRows(document)).length
    for (let i = 0; i < 3; i++) {
      first.websocket.disconnect()
      await first.websocket.connect()
      await until(() => first.provider.synced && first.provider.unsyncedChanges === 0)
    }
    expect(await world.logRows(document)).to.have.length(rows)
  })

  it('seeds a document from its Markdown once, also where two servers load it at the same time', async () => {
    const document = await world.document('# Title\n\nOne paragraph.')
    const servers = await Promise.all([world.server(), world.server()])
    const clients = servers.map((server) => world.connect(server, document, token))
    await until(() => clients.every((client) => client.words() !== ''))
    expect(clients.map((client) => client.words().replace(/\s+/g, ' '))).to.deep.equal([
      'Title One paragraph.',
      'Title One paragraph.',
    ])
    const rows = await world.logRows(document)
    expect(rows.map((row) => row.origin)).to.deep.equal(['seed'])
  })

  it('does not change the text of a document that is only opened', async () => {
    const content = '# Title\n\n- [ ] task\n- [x] done\n\n| a | b |\n| --- | --- |\n| 1 | 2 |'
    const document = await world.document(content)
    const before = await world.row(document)
    const server = await world.server()
    const client = world.connect(server, document, token)
    await until(() => client.words() !== '')
    await server.stop()
    expect(await world.row(document)).to.deep.include({
      content,
      version: before.version,
      content_hash: before.content_hash,
    })
  })

  it('projects the live text into the row, with its words, its clock and who wrote it', async () => {
    const document = await world.document()
    const { id, token } = await world.person('Ben')
    const client = world.connect(await world.server(), document, token)
    await client.synced()
    client.type('three little words')
    await until(async () => (await world.row(document)).content === 'three little words')
    const row = await world.row(document)
    const log = await world.logRows(document)
    expect(row).to.include({ plain_text: 'three little words', word_count: 3, updated_by: id })
    expect(row.yjs_clock).to.equal(log.at(-1).id)
  })

  it('can hold what PostgreSQL cannot: the rest of the text is there all the same', async () => {
    const document = await world.document()
    const client = world.connect(await world.server(), document, token)
    await client.synced()
    client.type('a\u0000b\ud800c')
    await client.synced()
    await until(async () => (await world.row(document)).content === 'a\ufffdb\ufffdc')
    client.close()
    await until(async () => (await world.row(document)).epoch > 0)
    expect(await world.row(document)).to.include({ plain_text: 'a\ufffdb\ufffdc' })
  })

  it('can hold more words than a search index may, and a word longer than any index takes', async () => {
    const document = await world.document()
    const client = world.connect(await world.server(), document, token)
    await client.synced()
    const words = Array.from({ length: 120_000 }, (_, i) => `w${((i * 7919) % 120_000).toString(36)}x${i.toString(36)}`)
    client.type(words.join(' '))
    client.type('y'.repeat(9_000))
    await client.synced()
    await until(async () => (await world.row(document)).content.endsWith('yyy'))
    expect(await world.row(document)).to.include({ word_count: 120_001 })
    await world.owner.query(`update search_queue set due_at = now() - interval '1 s'`)
    await until(async () => !(await world.owner.query('select index_next_document() as more')).rows[0].more)
    const { rows } = await world.owner.query('select from document_search where document_id = $1', [document])
    expect(rows).to.have.length(1)
    client.type('and more')
    await client.synced()
    await until(async () => (await world.row(document)).content.endsWith('and more'))
  }).timeout(60_000)

  it('applies an edit whose sender left before it was stored', async () => {
    const document = await world.document()
    const server = await world.server()
    const reader = world.connect(server, document, token)
    const writer = world.connect(server, document, token)
    await Promise.all([reader.synced(), writer.synced()])
    const sent = new Promise<void>((resolve) => writer.provider.on('outgoingMessage', () => resolve()))
    writer.type('last words')
    await sent
    writer.websocket.webSocket?.close()
    writer.close()
    await until(() => reader.words() === 'last words')
  })

  it('folds the log into the checkpoint without losing what is written meanwhile', async () => {
    const document = await world.document()
    const server = await world.server()
    const client = world.connect(server, document, token)
    await client.synced()
    const storage = new Storage({ url: world.databaseUrl, poolSize: 2, log: createLogger('silent') })
    for (let round = 0; round < 5; round++) {
      client.type(`before ${round}`)
      await client.synced()
      const checkpoint = storage.checkpoint(document, fold)
      client.type(`during ${round}`)
      await Promise.all([checkpoint, client.synced()])
    }
    expect((await world.row(document)).epoch).to.equal(5)
    const expected = client.words()
    await storage.close()
    const reader = world.connect(await world.server(), document, token)
    await until(() => reader.words() === expected)
  })

  it('keeps a row whose predecessor is missing until that one arrives', async () => {
    const document = await world.document()
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    doc.getXmlFragment('default').push([new Y.XmlElement('paragraph')])
    ;(doc.getXmlFragment('default').get(0) as Y.XmlElement).push([new Y.XmlText('late')])
    const insert = (data: Uint8Array | undefined) =>
      world.owner.query(`insert into document_updates (document_id, data, origin) values ($1, $2, 'client')`, [
        document,
        data,
      ])
    const storage = new Storage({ url: world.databaseUrl, poolSize: 2, log: createLogger('silent') })
    await insert(updates[1])
    await storage.checkpoint(document, fold)
    await insert(updates[0])
    await storage.checkpoint(document, fold)
    expect((await world.row(document)).content).to.equal('late')
    await storage.close()
  })

  it('leaves nothing in memory of a document that is gone by the time it is loaded', async () => {
    const { onLoadDocument } = persistence({ storage: { load: async () => null } } as never)
    const document = new Document(newId())
    await onLoadDocument?.({ documentName: document.name, document } as never)
    expect(document.isDestroyed).to.equal(true)
  })

  it('finishes what a crash left: the tail is folded and projected by the next server', async () => {
    const document = await world.document()
    const doc = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('left behind')])
    doc.getXmlFragment('default').push([paragraph])
    await world.owner.query(
      `insert into document_updates (document_id, data, origin, created_at) values ($1, $2, 'client', now() - interval '1 hour')`,
      [document, Y.encodeStateAsUpdate(doc)],
    )
    await world.server()
    await until(async () => (await world.row(document)).content === 'left behind')
    expect(await world.logRows(document)).to.have.length(0)
  })
})
