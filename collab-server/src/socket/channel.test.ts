import { Document } from '@hocuspocus/server'
import { createLogger } from '@mdcreator/shared/log'
import { expect } from 'chai'
import * as Y from 'yjs'
import type { OpenConnection } from '../access/connections.ts'
import { LiveDocument, LiveDocuments } from '../document/live-document.ts'
import { createMetrics } from '../metrics.ts'
import type { Services } from '../services.ts'
import { AppendError, UpdateLog } from '../update-log/update-log.ts'
import type { Frame } from '../wire/frame.ts'
import { Channel } from './channel.ts'
import type { ChannelSocket } from './channel-socket.ts'

type Commit = { succeed: () => void; fail: () => void }

/** A document on a socket whose commits end when the test says so. */
function openChannel() {
  const log = createLogger('silent')
  const document = new Document('name')
  const live = new LiveDocument(document, { state: null, owners: {}, tail: [], clock: 0, epoch: 0, snapshot: '1:1:' })
  const documents = new LiveDocuments()
  documents.add(live)
  const commits: Commit[] = []
  const metrics = createMetrics()
  const updateLog = new UpdateLog({
    commit: (entries) =>
      new Promise((resolve, reject) => {
        const succeed = (): void => resolve(entries.map((_, i) => 100 * commits.length + i))
        commits.push({ succeed, fail: () => reject(new Error('gone')) })
      }),
    log,
    metrics,
    giveUpAfterMs: 0,
  })
  const failures: unknown[] = []
  const sent: Uint8Array[] = []
  const limits = { maxDocumentBytes: 1_000_000 }
  const socket = {
    services: { documents, updateLog, metrics, limits, log, cluster: null } as unknown as Services,
    send: (data) => sent.push(data),
    failed: (error) => failures.push(error),
    queued: () => {},
  } as Pick<ChannelSocket, 'services' | 'send' | 'failed' | 'queued'> as ChannelSocket
  const connection = {
    document,
    messageAddress: 'name',
    readOnly: false,
    context: { user: { id: 'ada' }, credentials: { expiresAt: Number.POSITIVE_INFINITY } },
  } as unknown as OpenConnection
  const channel = new Channel(socket, null)
  channel.open(connection)
  return {
    channel,
    live,
    failures,
    acknowledgements: () => sent.filter((data) => data.at(-2) === 8 && data.at(-1) === 1).length,
    commit: async (n: number) => {
      while (commits.length < n) await turn()
      return commits[n - 1] as Commit
    },
    receive(update: Uint8Array): void {
      channel.receive(update, { update } as Frame)
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The updates of somebody who types letter by letter. */
function letters(text: string): { doc: Y.Doc; updates: Uint8Array[] } {
  const doc = new Y.Doc()
  const updates: Uint8Array[] = []
  doc.on('update', (update: Uint8Array) => updates.push(update))
  for (const letter of text) doc.getText('notes').insert(doc.getText('notes').length, letter)
  return { doc, updates }
}

describe('a document on a socket', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  let mochas: NodeJS.UnhandledRejectionListener[]
  beforeEach(() => {
    mochas = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
  })
  afterEach(() => {
    process.removeAllListeners('unhandledRejection')
    for (const listener of mochas) process.on('unhandledRejection', listener)
    unhandled.splice(0)
  })

  it('acknowledges an edit when it is committed, not one after it that is given up, and rejects nowhere else', async () => {
    const { channel, live, receive, commit, failures, acknowledgements } = openChannel()
    const { updates } = letters('ab')
    receive(updates[0] as Uint8Array)
    const first = await commit(1)
    receive(updates[1] as Uint8Array)
    const second = await commit(2)
    second.fail()
    for (let i = 0; i < 5; i++) await turn()
    expect(unhandled).to.deep.equal([])
    expect(acknowledgements()).to.equal(0)
    first.succeed()
    await live.edited()
    expect(acknowledgements()).to.equal(1)
    expect(failures).to.have.length(1)
    expect(failures[0]).to.be.instanceOf(AppendError)
    expect(channel.isOpen).to.equal(false)
    expect(live.document.getText('notes').toString()).to.equal('a')
    live.document.destroy()
  })

  it('applies what is committed behind an edit that was given up, once that one comes again', async () => {
    const { live, receive, commit, acknowledgements } = openChannel()
    const { doc, updates } = letters('ab')
    receive(updates[0] as Uint8Array)
    const first = await commit(1)
    receive(updates[1] as Uint8Array)
    const second = await commit(2)
    first.fail()
    second.succeed()
    await live.edited()
    expect(acknowledgements()).to.equal(0)
    expect(live.document.getText('notes').toString()).to.equal('')
    live.apply(updates[0] as Uint8Array)
    expect(live.document.getText('notes').toString()).to.equal(doc.getText('notes').toString())
    live.document.destroy()
  })

  it('is closed where an edit cannot be judged, and does not wait for ever', async () => {
    const { channel, live, receive, commit, failures } = openChannel()
    const { doc, updates } = letters('ab')
    receive(updates[0] as Uint8Array)
    const first = await commit(1)
    live.edited = () => Promise.reject(new Error('broken'))
    receive(Y.encodeStateAsUpdate(doc))
    while (failures.length === 0) await turn()
    expect((failures[0] as Error).message).to.equal('broken')
    expect(channel.isOpen).to.equal(false)
    expect(unhandled).to.deep.equal([])
    first.succeed()
    while (live.isBeingEdited) await turn()
    live.document.destroy()
  })
})
