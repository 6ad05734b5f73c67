import { Document } from '@hocuspocus/server'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import * as Y from 'yjs'
import { documentTasks } from '../document/document-tasks.ts'
import { LiveDocument, LiveDocuments } from '../document/live-document.ts'
import { createMetrics } from '../metrics.ts'
import { startWorld, type World } from '../testing.ts'
import { LogReader } from '../update-log/log-reader.ts'
import { Storage } from '../update-log/storage.ts'
import type { StoredDocument } from '../update-log/stored-documents.ts'
import { CatchUp } from './catch-up.ts'

const log = createLogger('silent')

describe('following the log', () => {
  let world: World
  let storage: Storage
  const documents = new LiveDocuments()
  before(async () => {
    world = await startWorld()
    storage = new Storage({ url: world.databaseUrl, poolSize: 2, log })
  })
  after(async () => {
    for (const { document } of documents) document.destroy()
    await storage.close()
    await world.stop()
  })

  const load = async (): Promise<LiveDocument> => {
    const id = await world.document()
    const stored = (await storage.load(id)) as StoredDocument
    const live = new LiveDocument(new Document(id), stored)
    documents.add(live)
    return live
  }
  const append = ({ id }: LiveDocument, words: string) => {
    const doc = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    doc.getXmlFragment('default').push([paragraph])
    return storage.append([{ documentId: id, data: Y.encodeStateAsUpdate(doc), userId: null, origin: 'client' }])
  }
  const textOf = ({ document }: LiveDocument): string =>
    document
      .getXmlFragment('default')
      .toString()
      .replace(/<[^>]*>/g, ' ')

  const following = (): CatchUp =>
    new CatchUp({
      ...{ documents, storage, log, metrics: createMetrics(), reader: new LogReader(storage.pool) },
      isConnected: () => false,
      everyMs: () => 250,
      onGone: () => {},
    })

  it('of many documents goes on where one fails, and misses nothing of that one afterwards', async () => {
    const [bad, good] = [await load(), await load()]
    let isBroken = true
    const catchUp = new CatchUp({
      ...{ documents, log, metrics: createMetrics(), reader: new LogReader(storage.pool) },
      storage: {
        load: (id) => (isBroken ? Promise.reject(new Error('broken')) : storage.load(id)),
      },
      isConnected: () => false,
      everyMs: () => 250,
      onGone: () => {},
    })
    const fold = async (document: Parameters<typeof documentTasks.fold>[0]) => documentTasks.fold(document)
    // Two checkpoints that were not heard of: only the state can tell what is in them.
    await append(bad, 'one')
    await storage.checkpoint(bad.id, fold)
    await append(bad, 'two')
    await storage.checkpoint(bad.id, fold)
    await append(good, 'other')
    const before = bad.position.snapshot
    const error = await catchUp.now().catch((reason: Error) => reason)
    expect(error).to.have.property('message', 'broken')
    expect(textOf(good)).to.include('other')
    expect(good.position.snapshot).to.not.equal(before)
    expect(bad.position.snapshot).to.equal(before)
    isBroken = false
    await append(bad, 'three')
    await catchUp.now()
    for (const words of ['one', 'two', 'three']) expect(textOf(bad)).to.include(words)
    await catchUp.stop()
  })

  it('loses no row that waits for another, however many wait', async () => {
    const live = await load()
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    const text = new Y.XmlText()
    doc.getXmlFragment('default').insert(0, [text])
    for (let i = 0; i < 1_500; i++) text.insert(i, String(i % 10))
    const [first, ...rest] = updates.map((data) => ({
      documentId: live.id,
      data,
      userId: null,
      origin: 'client' as const,
    }))
    const catchUp = following()
    // A batch that is committed after the one that builds on it.
    await storage.append(rest)
    await catchUp.now()
    await storage.append([first as (typeof rest)[0]])
    await catchUp.now()
    expect(textOf(live)).to.equal(text.toString())
    await catchUp.stop()
  })

  it('applies very many rows without holding up others', async () => {
    const live = await load()
    const doc = new Y.Doc()
    const rows: Parameters<Storage['append']>[0] = []
    doc.on('update', (data: Uint8Array) => rows.push({ documentId: live.id, data, userId: null, origin: 'client' }))
    for (let i = 0; i < 5_000; i++) doc.getText('notes').insert(i, String(i % 10))
    for (let from = 0; from < rows.length; from += 1_000) await storage.append(rows.slice(from, from + 1_000))
    const catchUp = following()
    let isDone = false
    let turns = 0
    const turn = (): void => {
      if (live.position.rows > 0 && live.position.rows < rows.length) turns++
      if (!isDone) setImmediate(turn)
    }
    turn()
    await catchUp.now()
    isDone = true
    expect(live.document.getText('notes').toString()).to.equal(doc.getText('notes').toString())
    expect(turns).to.be.above(0)
    await catchUp.stop()
  })

  it('applies what two servers accepted and neither would have accepted of both', async () => {
    const live = await load()
    // Of a document of its own each, for there can be no more than a hundred root types in one.
    const rows = ['a', 'b'].map((server) => {
      const doc = new Y.Doc()
      for (let i = 0; i < 60; i++) doc.getText(server + i).insert(0, 'x')
      return { documentId: live.id, data: Y.encodeStateAsUpdate(doc), userId: null, origin: 'client' as const }
    })
    await storage.append(rows)
    const catchUp = following()
    await catchUp.now()
    const stored = new Y.Doc()
    for (const { data } of rows) Y.applyUpdate(stored, data)
    expect(Y.equalSnapshots(Y.snapshot(live.document), Y.snapshot(stored))).to.equal(true)
    await catchUp.stop()
  })

  it('tries a row that waits once at each look, also where an old transaction does not end', async () => {
    const live = await load()
    const doc = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    doc.getXmlFragment('default').insert(0, [paragraph])
    const before = Y.encodeStateVector(doc)
    paragraph.insert(0, [new Y.XmlText('waits')])
    const old = await world.owner.connect()
    await old.query('begin')
    await old.query('select pg_current_xact_id()')
    await storage.append([
      { documentId: live.id, data: Y.encodeStateAsUpdate(doc, before), userId: null, origin: 'client' },
    ])
    const catchUp = following()
    let tried = 0
    const { applyRow } = live
    live.applyRow = (...row) => {
      tried++
      return applyRow.apply(live, row)
    }
    await catchUp.now()
    const once = tried
    await catchUp.now()
    await catchUp.now()
    expect(tried).to.equal(3 * once)
    await old.query('rollback')
    old.release()
    await catchUp.stop()
  })
})
