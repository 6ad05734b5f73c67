import { expect } from 'chai'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { format, many, rawUpdate, richText, string, subdocument, values } from './testing-updates.ts'
import { estimateCost } from './update-cost.ts'
import { validateUpdate } from './update-validator.ts'

const judge = (update: Uint8Array, doc = new Y.Doc(), accepted = new AcceptedEdits(), user = 'mallory') =>
  validateUpdate(update, doc, accepted, user)
const docOf = (...updates: Uint8Array[]): Y.Doc => {
  const doc = new Y.Doc()
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc
}
const by = (client: number, structs: Parameters<typeof rawUpdate>[0][number]['structs'], clock = 0) =>
  rawUpdate([{ client, clock, structs }])

describe('updates that cost more than their size', () => {
  /** What is heavy must be inspected; and whatever it is, a person who writes beside it must not notice. */
  const isHeavy = (update: Uint8Array, doc: Y.Doc, accepted = new AcceptedEdits()): void => {
    const start = performance.now()
    expect(judge(update, doc, accepted)).to.equal('heavy')
    expect(performance.now() - start, 'ms to find out').to.be.lessThan(1_000)
    const writer = docOf(Y.encodeStateAsUpdate(doc))
    const before = Y.encodeStateVector(writer)
    writer.getText('default').insert(0, 'honest')
    expect(judge(Y.encodeStateAsUpdate(writer, before), doc, accepted, 'ada')).to.equal('new')
  }

  it('items that claim one place, of one Yjs client or of many', () => {
    const doc = docOf(
      by(
        1,
        many(800, () => string('a')),
      ),
    )
    isHeavy(
      by(
        2,
        many(800, () => string('b')),
      ),
      doc,
    )
    isHeavy(rawUpdate(many(800, (i) => ({ client: 10 + i, clock: 0, structs: [string('b')] }))), doc)
  })

  it('items after each of a chain that claim to know of nothing behind it', () => {
    const chain = by(
      1,
      many(900, (i) => string('a', i === 0 ? {} : { origin: [1, i - 1] })),
    )
    isHeavy(
      by(
        2,
        many(900, (i) => string('b', { origin: [1, i] })),
      ),
      docOf(chain),
    )
  })

  it('items before each of a chain, first in the list as they say', () => {
    const chain = by(
      1,
      many(900, (i) => string('a', i === 0 ? {} : { rightOrigin: [1, i - 1] })),
    )
    expect(judge(chain)).to.equal('new')
    isHeavy(
      by(
        2,
        many(900, (i) => string('b', { rightOrigin: [1, i] })),
      ),
      docOf(chain),
    )
  })

  it('many small updates for one place, applied or on their way', () => {
    for (const applies of [true, false]) {
      const doc = docOf(
        by(
          1,
          many(900, () => string('a')),
        ),
      )
      const accepted = new AcceptedEdits()
      const verdicts: string[] = []
      for (let i = 0; i < 3_000; i++) {
        const update = by(2, [string('b')], i)
        const verdict = judge(update, doc, accepted)
        verdicts.push(verdict)
        if (verdict !== 'new') break
        if (applies) Y.applyUpdate(doc, update)
      }
      expect(verdicts.at(-1), applies ? 'applied' : 'on their way').to.equal('heavy')
      expect(judge(by(3, [string('c')]), doc, accepted, 'ada')).to.equal('new')
    }
  })

  it('values of one key, from the first on', () => {
    // By turns: what one Yjs client overwrites of its own becomes one struct.
    const turn = (client: number) =>
      many(30_000, (i) => values([i], client + i === 1 ? { key: 'k' } : { origin: client === 1 ? [2, i - 1] : [1, i] }))
    const chain = rawUpdate([1, 2].map((client) => ({ client, clock: 0, structs: turn(client) })))
    isHeavy(
      by(
        3,
        many(20, (i) => values([i], { key: 'k' })),
      ),
      docOf(chain),
    )
  })

  it('a deletion of a few bytes that deletes thousands of items, or one that holds them', () => {
    const items = many(20_000, (i) => string('a', i === 0 ? { parent: [1, 0] } : { origin: [1, 1], ...after(i) }))
    const doc = docOf(by(1, [richText(), ...items]))
    isHeavy(rawUpdate([], { 1: [[1, 20_000]] }), doc)
    isHeavy(rawUpdate([], { 1: [[0, 1]] }), doc)
  })

  it('a deletion within marks, where each deleted item looks at all others', () => {
    const marked = [richText(), format('bold', 'true', { parent: [1, 0] }), string('a', { origin: [1, 1] })]
    const items = many(1_000, (i) => string('a', { origin: [1, 2], ...(i === 0 ? {} : { rightOrigin: [1, 2 + i] }) }))
    const doc = docOf(by(1, [...marked, ...items]))
    const { ds, structs } = Y.decodeUpdate(rawUpdate([], { 1: [[3, 900]] }))
    expect(estimateCost({ ds, structs }, doc, 0, 10_000).micros).to.be.greaterThan(10_000)
    isHeavy(rawUpdate([], { 1: [[3, 900]] }), doc)
  })

  it('deletions that cut long runs into pieces, which move all that comes after', () => {
    const run = string('a'.repeat(10_000))
    const tail = many(100_000, (i) =>
      string('b', { parent: 'tail', ...(i === 0 ? {} : { rightOrigin: [1, 9_999 + i] }) }),
    )
    isHeavy(rawUpdate([], { 1: many(100, (i) => [2 * i + 1, 1]) }), docOf(by(1, [run, ...tail])))
    const list = by(1, [values(new Array(15_000).fill(null))])
    isHeavy(rawUpdate([], { 1: many(500, (i) => [2 * i + 1, 1]) }), docOf(list))
  })

  it('many marks in one text', () => {
    const text = docOf(by(1, [richText(), string('a', { parent: [1, 0] })]))
    const marks = many(900, (i) => format(`key${i}`, 'true', i === 0 ? { origin: [1, 1] } : { origin: [2, i - 1] }))
    isHeavy(by(2, marks), text)
  })

  it('more structs, or values, than one person writes at a time, before they are decoded', () => {
    isHeavy(
      by(
        1,
        many(2_000, (i) => string('a', i === 0 ? {} : { origin: [1, i - 1] })),
      ),
      new Y.Doc(),
    )
    isHeavy(by(1, [values(many(30_000, () => ({})))]), new Y.Doc())
    isHeavy(by(1, [format('key', `[${'[],'.repeat(40_000)}[]]`)]), new Y.Doc())
  })
})

const after = (i: number) => (i === 1 ? {} : { rightOrigin: [1, i] as [number, number] })

describe('updates that are refused before they are decoded', () => {
  it('documents within the document, of which each takes kilobytes', () => {
    const documents = by(
      1,
      many(190_000, (i) => subdocument(i === 0 ? {} : { origin: [1, i - 1] })),
    )
    const before = process.memoryUsage().heapUsed
    expect(judge(documents)).to.equal('malformed')
    expect(process.memoryUsage().heapUsed - before).to.be.lessThan(50 * 2 ** 20)
  })

  it('structs and deletions that are claimed, not sent', () => {
    const claim = new Uint8Array([1, 0xc0, 0x84, 0x3d * 2, 0x10, 1, 0, 0, 1, 0, 1, 0])
    expect(judge(claim)).to.equal('malformed')
    const padded = new Uint8Array(300)
    padded.set([0, 1, 1, 0xff, 0xff, 0xff, 0x7f])
    expect(judge(padded)).to.equal('too-large')
  })

  it('values nested deeper than the stack', () => {
    let deep: unknown = null
    for (let i = 0; i < 1_000; i++) deep = [deep]
    expect(judge(by(1, [values([deep])]))).to.equal('malformed')
  })

  it('more Yjs clients than a person can have', () => {
    const clients = (count: number, from: number): Uint8Array =>
      rawUpdate(
        many(count, (i) => ({
          client: from + i,
          clock: 0,
          structs: [values([i], { key: `k${from + i}` })],
        })),
      )
    const doc = new Y.Doc()
    const accepted = new AcceptedEdits()
    const verdicts: string[] = []
    for (let i = 0; i < 10; i++) {
      const update = clients(900, 1_000 * i)
      verdicts.push(judge(update, doc, accepted))
      if (verdicts.at(-1) === 'new') Y.applyUpdate(doc, update)
    }
    expect(verdicts).to.include('too-large')
    expect(doc.store.clients.size).to.be.lessThan(2_100)
    expect(judge(clients(1, 50_000), doc, accepted, 'ada')).to.equal('new')
  })
})

describe('root types', () => {
  it('are bounded in number and name, applied or on their way; those of our editors are always there', () => {
    for (const applies of [true, false]) {
      const doc = new Y.Doc()
      const accepted = new AcceptedEdits()
      for (let i = 0; i < 300; i++) {
        const update = by(1, [string('a', { parent: `root${i}` })], i)
        if (judge(update, doc, accepted) !== 'new') break
        if (applies) Y.applyUpdate(doc, update)
      }
      expect(Math.max(doc.share.size, accepted.roots.size)).to.equal(100)
      expect(judge(by(2, [string('a', { parent: 'another' })]), doc, accepted)).to.equal('malformed')
      for (const own of ['default', 'mindmap'])
        expect(judge(by(own.length, [string('a', { parent: own })]), doc, accepted)).to.equal('new')
    }
    expect(
      judge(
        by(
          1,
          many(101, (i) => string('a', { parent: `root${i}` })),
        ),
      ),
    ).to.equal('malformed')
    expect(judge(by(1, [string('a', { parent: 'x'.repeat(101) })]))).to.equal('malformed')
  })

  it('may have the names of what objects inherit', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      const update = by(1, [values([{ a: 1 }], { parent: name, key: name })])
      const doc = new Y.Doc()
      expect(judge(update, doc)).to.equal('new')
      Y.applyUpdate(doc, update)
      expect(doc.getMap(name).get(name)).to.deep.equal({ a: 1 })
      expect(({} as { a?: number }).a).to.equal(undefined)
      expect(docOf(Y.encodeStateAsUpdate(doc)).getMap(name).get(name)).to.deep.equal({ a: 1 })
    }
  })
})
