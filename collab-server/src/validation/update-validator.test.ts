import { seededRandom } from '@mdcreator/shared/random'
import { expect } from 'chai'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { validateUpdate } from './update-validator.ts'

function updatesOf(doc: Y.Doc, edit: () => void): Uint8Array[] {
  const updates: Uint8Array[] = []
  const listen = (update: Uint8Array): void => {
    updates.push(update)
  }
  doc.on('update', listen)
  edit()
  doc.off('update', listen)
  return updates
}

const validate = (update: Uint8Array, doc: Y.Doc, accepted = new AcceptedEdits(), user = 'ada') =>
  validateUpdate(update, doc, accepted, user)

describe('the update validator', () => {
  it('accepts an edit, and an edit that builds on one that is accepted but not applied yet', () => {
    const client = new Y.Doc()
    const text = client.getText('default')
    const [first, second] = updatesOf(client, () => {
      text.insert(0, 'a')
      text.insert(1, 'b')
    }) as [Uint8Array, Uint8Array]
    const accepted = new AcceptedEdits()
    const server = new Y.Doc()
    expect(validate(second, server)).to.equal('gap')
    expect(validate(first, server, accepted)).to.equal('new')
    expect(validate(second, server, accepted)).to.equal('new')
  })

  it('finds a gap where two Yjs clients have written by turns and only the beginning is missing', () => {
    for (const ids of [
      [1, 2],
      [2, 1],
    ] as const) {
      const [one, two] = ids.map((clientID) => Object.assign(new Y.Doc(), { clientID })) as [Y.Doc, Y.Doc]
      const type = (from: Y.Doc, to: Y.Doc, word: string): void => {
        from.getText('default').insert(from.getText('default').length, word)
        Y.applyUpdate(to, Y.encodeStateAsUpdate(from))
      }
      type(one, two, 'a')
      const first = Y.encodeStateAsUpdate(one)
      type(two, one, 'b')
      type(one, two, 'c')
      const rest = Y.encodeStateAsUpdate(one, Y.encodeStateVectorFromUpdate(first))
      const server = new Y.Doc()
      expect(validate(rest, server)).to.equal('gap')
      Y.applyUpdate(server, first)
      expect(validate(rest, server)).to.equal('new')
    }
  })

  it('knows what is in the document, whole delete sets of a reconnecting client included', () => {
    const client = new Y.Doc()
    client.getText('default').insert(0, 'hello world')
    client.getText('default').delete(2, 3)
    const server = new Y.Doc()
    const all = Y.encodeStateAsUpdate(client)
    expect(validate(all, server)).to.equal('new')
    Y.applyUpdate(server, all)
    expect(validate(all, server)).to.equal('known')
    expect(validate(Y.encodeStateAsUpdate(client, Y.encodeStateVector(server)), server)).to.equal('known')
    expect(validate(new Uint8Array([0, 0]), server)).to.equal('known')
  })

  it('takes a delete of something present as news', () => {
    const client = new Y.Doc()
    client.getText('default').insert(0, 'hello')
    const server = new Y.Doc()
    Y.applyUpdate(server, Y.encodeStateAsUpdate(client))
    const [deletion] = updatesOf(client, () => client.getText('default').delete(1, 2)) as [Uint8Array]
    expect(validate(deletion, server)).to.equal('new')
  })

  it('refuses truncated updates', () => {
    const client = new Y.Doc()
    client.getMap('default').set('key', { some: 'value' })
    const update = Y.encodeStateAsUpdate(client)
    for (let length = 1; length < update.length; length++) {
      expect(validate(update.subarray(0, length), new Y.Doc()), `${length} bytes`).to.equal('malformed')
    }
  })

  it('refuses updates of version 2, whose first bytes say nothing in version 1', () => {
    const doc = new Y.Doc()
    const updates: Uint8Array[] = []
    doc.on('updateV2', (update: Uint8Array) => updates.push(update))
    doc.getText('text').insert(0, 'words', { bold: true })
    doc.getMap('map').set('key', { some: 'value' })
    const paragraph = new Y.XmlElement('paragraph')
    doc.getXmlFragment('default').push([paragraph])
    paragraph.setAttribute('level', '1')
    doc.getText('text').delete(1, 2)
    for (const update of [...updates, Y.encodeStateAsUpdateV2(doc)]) {
      for (const known of [new Y.Doc(), doc]) expect(validate(update, known)).to.equal('malformed')
    }
  })

  it('refuses clocks that overflow', () => {
    // One client, one struct of client 1 at clock 2^32-2: a GC of length 5.
    const overflowing = new Uint8Array([1, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 5, 0])
    expect(validate(overflowing, new Y.Doc())).to.equal('malformed')
    // Nothing but a deletion of five there.
    const deleting = new Uint8Array([0, 1, 1, 1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 5])
    expect(validate(deleting, new Y.Doc())).to.equal('malformed')
  })

  it('refuses updates over the limits', () => {
    const client = new Y.Doc()
    client.getText('default').insert(0, 'x'.repeat(1000))
    const update = Y.encodeStateAsUpdate(client)
    const limits = { bytes: 500, structs: 10, values: 10, deletes: 10, cost: 10 }
    expect(validateUpdate(update, new Y.Doc(), new AcceptedEdits(), 'ada', { limits })).to.equal('too-large')
  })

  it('lets nothing through that Yjs would choke on, and refuses no honest edit', function () {
    this.timeout(60_000)
    const seed = 20_261_123
    const next = seededRandom(seed)
    const pick = (n: number): number => Math.floor(next() * n)
    const server = new Y.Doc()
    const clients = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
    let mutants = 0
    let accepted = 0
    for (let round = 0; round < 400; round++) {
      const client = clients[pick(clients.length)] as Y.Doc
      Y.applyUpdate(client, Y.encodeStateAsUpdate(server, Y.encodeStateVector(client)))
      const text = client.getText('default')
      const honest = updatesOf(client, () => {
        if (text.length > 20 && next() < 0.4) text.delete(pick(text.length - 5), 1 + pick(5))
        else text.insert(pick(text.length + 1), 'ab🙂c'.slice(0, 1 + pick(4)))
        if (next() < 0.2) client.getMap('map').set(`k${pick(5)}`, [1, 'two', { three: null }])
      })
      for (const update of honest) {
        for (let i = 0; i < 20; i++) {
          mutants++
          const mutant = Uint8Array.from(update)
          for (let flips = 1 + pick(3); flips > 0; flips--) mutant[pick(mutant.length)] = pick(256)
          if (validate(mutant, server) !== 'new') continue
          accepted++
          const victim = new Y.Doc()
          Y.applyUpdate(victim, Y.encodeStateAsUpdate(server))
          Y.applyUpdate(victim, mutant)
          expect(victim.store.pendingStructs, `seed ${seed}, round ${round}`).to.equal(null)
          const again = new Y.Doc()
          Y.applyUpdate(again, Y.encodeStateAsUpdate(victim))
          expect(again.store.pendingStructs, `seed ${seed}, round ${round}`).to.equal(null)
        }
        expect(validate(update, server), `seed ${seed}, round ${round}`).to.be.oneOf(['new', 'known'])
        Y.applyUpdate(server, update)
      }
    }
    expect(mutants).to.be.greaterThan(8_000)
    expect(accepted).to.be.greaterThan(0)
  })
})
