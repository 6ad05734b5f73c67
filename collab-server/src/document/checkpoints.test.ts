import { Document } from '@hocuspocus/server'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import * as Y from 'yjs'
import { createMetrics } from '../metrics.ts'
import { startWorld, until, type World } from '../testing.ts'
import { Storage } from '../update-log/storage.ts'
import type { StoredDocument } from '../update-log/stored-documents.ts'
import { Checkpoints } from './checkpoints.ts'
import { documentTasks } from './document-tasks.ts'
import { LiveDocument, LiveDocuments } from './live-document.ts'

const log = createLogger('silent')

describe('a checkpoint', () => {
  let world: World
  let storage: Storage
  let documents: LiveDocuments
  let checkpoints: Checkpoints
  let id: string
  before(async () => {
    world = await startWorld()
    storage = new Storage({ url: world.databaseUrl, poolSize: 2, log })
  })
  beforeEach(async () => {
    id = await world.document()
    documents = new LiveDocuments()
    const fold = async (document: Parameters<typeof documentTasks.fold>[0]) => documentTasks.fold(document)
    checkpoints = new Checkpoints(storage, fold, documents, log, createMetrics())
  })
  afterEach(async () => {
    await checkpoints.stop()
    for (const { document } of documents) document.destroy()
  })
  after(async () => {
    await storage.close()
    await world.stop()
  })

  const load = async (): Promise<LiveDocument> => {
    const stored = (await storage.load(id)) as StoredDocument
    const live = new LiveDocument(new Document(id), stored)
    live.applyStored(stored, () => {})
    documents.add(live)
    return live
  }
  const append = async (words: string): Promise<number> => {
    const doc = new Y.Doc()
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(words)])
    doc.getXmlFragment('default').push([paragraph])
    const ids = await storage.append([
      { documentId: id, data: Y.encodeStateAsUpdate(doc), userId: null, origin: 'client' },
    ])
    return ids[0] as number
  }
  const textOf = ({ document }: LiveDocument): string => document.getXmlFragment('default').toString()

  it('brings a loaded document what it holds and that one does not: an edit whose commit had no answer', async () => {
    const live = await load()
    await append('committed all the same')
    checkpoints.request(id)
    await until(() => textOf(live).includes('committed all the same'))
    expect(live.position).to.include({ epoch: 1, rows: 0, isBehind: false })
  })

  it('counts for a document that was loaded after it was asked for, too', async () => {
    await append('first')
    checkpoints.request(id)
    const live = await load()
    await until(() => live.position.epoch === 1)
    expect(live.position.rows).to.equal(0)
    expect(live.stateBytes).to.be.above(0)
  })

  it('is made once where several servers find it due, and go on finding that while it is made', async () => {
    const fold = documentTasks.fold
    let isFolding = (): void => {}
    let goOn = (): void => {}
    const folding = new Promise<void>((resolve) => {
      isFolding = resolve
    })
    const mayGoOn = new Promise<void>((resolve) => {
      goOn = resolve
    })
    const metrics = createMetrics()
    const server = (mine: LiveDocuments) =>
      new Checkpoints(
        storage,
        async (document) => {
          isFolding()
          await mayGoOn
          return fold(document)
        },
        mine,
        log,
        metrics,
      )
    const outcomes = async () =>
      (await metrics.checkpoints.get()).values.map(({ labels, value }) => [labels.outcome, value])
    await append('x'.repeat(300_000))
    const lives = [await load(), await load()] as const
    const servers = lives.map((live) => {
      const mine = new LiveDocuments()
      mine.add(live)
      return server(mine)
    }) as [Checkpoints, Checkpoints]
    const findDue = (): void => {
      for (const [i, each] of servers.entries()) each.edited(lives[i] as LiveDocument)
    }
    findDue()
    await folding
    await append('typed meanwhile')
    findDue()
    goOn()
    // Each was asked twice, and has made one: the first, or none.
    await until(async () => (await outcomes()).reduce((sum, [, count]) => sum + Number(count), 0) === 4)
    expect(Object.fromEntries(await outcomes())).to.deep.equal({ written: 1, empty: 3 })
    await Promise.all(servers.map((each) => each.stop()))
  })

  it('that fails is not tried again at each edit, but by the next sweep', async () => {
    let tried = 0
    const metrics = createMetrics()
    const failing = new Checkpoints(
      storage,
      () => {
        tried++
        return Promise.reject(new Error('cannot be folded'))
      },
      documents,
      log,
      metrics,
    )
    const empty = await world.document()
    const others = async (): Promise<number> =>
      (await metrics.checkpoints.get()).values.find(({ labels }) => labels.outcome === 'empty')?.value ?? 0
    await append('x'.repeat(300_000))
    const live = await load()
    for (let edits = 1; edits <= 5; edits++) {
      failing.edited(live)
      // It has its turn afterwards.
      failing.request(empty)
      await until(async () => (await others()) === edits)
    }
    expect(tried).to.equal(1)
    expect(await world.logRows(id)).to.have.length(1)
    failing.start()
    await until(() => {
      failing.edited(live)
      return tried === 2
    })
    await failing.stop()
  })

  it('that others made is caught up with, however many they were', async () => {
    const live = await load()
    for (const words of ['one', 'two', 'three']) {
      await append(words)
      if (words !== 'three') await storage.checkpoint(id, async (document) => documentTasks.fold(document))
    }
    checkpoints.request(id)
    await until(() => ['one', 'two', 'three'].every((words) => textOf(live).includes(words)))
    expect(live.position).to.include({ epoch: 3, isBehind: false })
  })

  it('leaves the highest id that was projected, though all rows are folded', async () => {
    const last = await append('text')
    checkpoints.request(id)
    await until(async () => (await world.row(id)).epoch > 0)
    expect(await storage.load(id)).to.include({ clock: last })
  })

  it('is made of a tail that has grown large, while its document is open', async () => {
    const server = await world.server()
    const client = world.connect(server, id, (await world.person('Ada')).token)
    await client.synced()
    client.type('x'.repeat(200_000))
    await client.synced()
    client.type('y'.repeat(200_000))
    await until(async () => (await world.row(id)).epoch > 0)
    await client.synced()
    expect(server.collab.hocuspocus.documents.get(id)?.getConnectionsCount()).to.equal(1)
  })

  it('is made of very many rows, as soon as somebody opens their document', async () => {
    const doc = new Y.Doc()
    const entries: Parameters<Storage['append']>[0] = []
    doc.on('update', (data: Uint8Array) => entries.push({ documentId: id, data, userId: null, origin: 'client' }))
    for (let i = 0; i < 4_001; i++) doc.getText('notes').insert(i, 'x')
    await storage.append(entries)
    await world.connect(await world.server(), id, (await world.person('Ada')).token).synced()
    await until(async () => (await world.row(id)).epoch > 0)
  })

  it('apart, a text is never replaced by an earlier one', async () => {
    const project = (content: string, clock: number) =>
      storage.project([
        { ...{ documentId: id, clock, userId: null }, projection: { content, plainText: content, wordCount: 1 } },
      ])
    expect([...(await project('later', 7))]).to.deep.equal([id])
    expect([...(await project('earlier', 6))]).to.deep.equal([])
    expect(await world.row(id)).to.include({ content: 'later', yjs_clock: 7 })
  })

  it('under way does not hold up the texts of others', async () => {
    const other = await world.document()
    const held = await world.owner.connect()
    await held.query('begin')
    await held.query('select from documents where id = $1 for no key update', [id])
    const projection = { content: 'text', plainText: 'text', wordCount: 1 }
    const projected = [id, other].map((documentId) => ({ documentId, projection, clock: 1, userId: null }))
    expect([...(await storage.project(projected))]).to.deep.equal([other])
    await held.query('rollback')
    held.release()
    expect((await world.row(other)).content).to.equal('text')
    expect((await world.row(id)).content).to.equal('')
  })
})
