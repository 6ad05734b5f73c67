import { expect } from 'chai'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { Inspector } from './inspection.ts'
import { embed, many, rawUpdate, string, values } from './testing-updates.ts'
import { validateUpdate } from './update-validator.ts'

describe('the inspection of heavy updates', () => {
  let inspector: Inspector
  let doc: Y.Doc
  let accepted: AcceptedEdits
  beforeEach(() => {
    inspector = new Inspector({ limitMs: 4_000, patience: 1 })
    doc = new Y.Doc()
    accepted = new AcceptedEdits()
  })
  afterEach(() => inspector.close())

  const flood = (client: number, count = 10_000): Uint8Array =>
    rawUpdate([{ client, clock: 0, structs: many(count, () => string('a')) }])
  const inspect = (update: Uint8Array, user = 'mallory') => inspector.inspect(update, doc, accepted, user)
  /** As a channel does it. */
  async function accept(update: Uint8Array, user = 'mallory'): Promise<string> {
    if (validateUpdate(update, doc, accepted, user) !== 'heavy') return 'not heavy'
    const inspected = await inspect(update, user)
    if (inspected.verdict !== 'ok') return inspected.verdict
    const verdict = validateUpdate(update, doc, accepted, user, { inspected })
    if (verdict === 'new') Y.applyUpdate(doc, update)
    return verdict
  }
  /** What a person brings along after a long time offline. */
  function offline(paragraphs: number): Uint8Array {
    const client = new Y.Doc()
    const paragraph = (i: number): Y.XmlElement => {
      const element = new Y.XmlElement('paragraph')
      const text = new Y.XmlText()
      text.applyDelta([{ insert: `Paragraph ${i} with ` }, { insert: 'bold', attributes: { bold: {} } }])
      element.insert(0, [text])
      return element
    }
    client.getXmlFragment('default').insert(0, many(paragraphs, paragraph))
    return Y.encodeStateAsUpdate(client)
  }

  it('lets through what a person writes in weeks, and a deletion of all of it', async function () {
    this.timeout(60_000)
    expect(await accept(offline(10_000), 'ada')).to.equal('new')
    const client = new Y.Doc()
    Y.applyUpdate(client, Y.encodeStateAsUpdate(doc))
    const before = Y.encodeStateVector(client)
    client.getXmlFragment('default').delete(0, 10_000)
    // The delete set of what was deleted before is empty: this is one range.
    expect(await accept(Y.encodeStateAsUpdate(client, before), 'ada')).to.equal('new')
    expect(doc.getXmlFragment('default').length).to.equal(0)
  })

  it('refuses what would block the server, and goes on in another process', async function () {
    this.timeout(60_000)
    expect(await accept(flood(1))).to.equal('new')
    const beside = accept(flood(2))
    const ada = accept(offline(500), 'ada')
    expect(await beside).to.equal('too-large')
    expect(await ada).to.equal('new')
    expect(doc.store.clients.has(2)).to.equal(false)
  })

  it('refuses what needs more memory than it may', async function () {
    this.timeout(60_000)
    await inspector.close()
    inspector = new Inspector({ memory: 64, patience: 1 })
    const bomb = rawUpdate([{ client: 1, clock: 0, structs: [values(many(900_000, () => ({})))] }])
    expect(await accept(bomb)).to.equal('too-large')
    expect(await accept(offline(500), 'ada')).to.equal('new')
  })

  it('finds gaps and what is malformed', async function () {
    this.timeout(20_000)
    const gap = rawUpdate([{ client: 1, clock: 5, structs: many(2_000, () => string('a')) }])
    expect((await inspect(gap)).verdict).to.equal('gap')
    const structs = many(2_000, (i) => embed(i === 1_999 ? '{"broken"' : '{}'))
    expect((await inspect(rawUpdate([{ client: 1, clock: 0, structs }]))).verdict).to.equal('malformed')
  })

  it('is repeated where too much was accepted meanwhile', async function () {
    this.timeout(20_000)
    const [first, second] = await Promise.all([inspect(flood(1)), inspect(flood(2), 'another')])
    expect([first.verdict, second.verdict]).to.deep.equal(['ok', 'ok'])
    expect(validateUpdate(flood(1), doc, accepted, 'mallory', { inspected: first })).to.equal('new')
    expect(validateUpdate(flood(2), doc, accepted, 'another', { inspected: second })).to.equal('heavy')
    Y.applyUpdate(doc, flood(1))
    accepted.settle()
    expect(validateUpdate(flood(2), doc, accepted, 'another', { inspected: second })).to.equal('heavy')
    expect(accepted.isFree(2, 'ada')).to.equal(true)
  })

  it('goes by turns: who sends much waits, others do not wait for it', async function () {
    this.timeout(20_000)
    const order: string[] = []
    const look = (client: number, user: string): Promise<unknown> =>
      inspect(flood(client, 2_000), user).then(() => order.push(user))
    await Promise.all([look(1, 'mallory'), look(2, 'mallory'), look(3, 'mallory'), look(4, 'ada'), look(5, 'ben')])
    expect(order).to.deep.equal(['mallory', 'ada', 'ben', 'mallory', 'mallory'])
  })

  it('rejects what waits when it is closed, and what comes after', async () => {
    const failure = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.message)
    const waiting = [failure(inspect(flood(1))), failure(inspect(flood(2)))]
    await inspector.close()
    expect(new Set([...(await Promise.all(waiting)), await failure(inspect(flood(3)))])).to.deep.equal(
      new Set(['The inspector was closed']),
    )
  })
})
