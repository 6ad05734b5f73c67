import { seededRandom } from '@mdcreator/shared/random'
import { expect } from 'chai'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { element, rawUpdate, string, values } from './testing-updates.ts'
import { validateUpdate } from './update-validator.ts'

const judge = (update: Uint8Array, doc: Y.Doc, accepted = new AcceptedEdits()) =>
  validateUpdate(update, doc, accepted, 'ada')

describe('an edit of which a part is known', () => {
  it('is taken where it continues what is known, however that came', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed)
      const pick = (below: number): number => Math.floor(random() * below)
      const client = new Y.Doc()
      const server = new Y.Doc()
      const other = new Y.Doc()
      const updates: Uint8Array[] = []
      client.on('update', (update: Uint8Array) => updates.push(update))
      const text = client.getText('default')
      for (let i = 0; i < 30; i++) {
        const at = random() < 0.7 ? text.length : pick(text.length + 1)
        if (random() < 0.8 || text.length < 3) text.insert(at, 'abc'.slice(0, 1 + pick(3)))
        else text.delete(pick(text.length - 1), 1)
      }
      const had = pick(updates.length)
      for (const update of updates.slice(0, had)) Y.applyUpdate(server, update)
      // Somebody else writes and deletes in between, so that pieces are split and lose their content.
      Y.applyUpdate(other, Y.encodeStateAsUpdate(server))
      const theirs = other.getText('default')
      for (let i = 0; i < 5; i++) {
        theirs.insert(pick(theirs.length + 1), 'X')
        theirs.delete(pick(theirs.length), 1)
      }
      Y.applyUpdate(server, Y.encodeStateAsUpdate(other))
      const whole = Y.encodeStateAsUpdate(client)
      expect(judge(whole, server), `seed ${seed}`).to.be.oneOf(['new', 'known', 'gap'])
      if (judge(whole, server) === 'gap') continue
      Y.applyUpdate(server, whole)
      const loaded = new Y.Doc()
      Y.applyUpdate(loaded, Y.encodeStateAsUpdate(server))
      expect(Y.equalSnapshots(Y.snapshot(loaded), Y.snapshot(server)), `seed ${seed}`).to.equal(true)
      expect(loaded.getText('default').toString(), `seed ${seed}`).to.equal(server.getText('default').toString())
    }
  })

  it('is refused where it would lie beside something else', () => {
    const doc = new Y.Doc()
    doc.clientID = 8
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.setAttribute('k', 'v')
    doc.getXmlFragment('default').insert(0, [paragraph])
    expect(Y.getState(doc.store, 8)).to.equal(2)
    const update = rawUpdate([{ client: 8, clock: 1, structs: [string('x'.repeat(50))] }])
    expect(judge(update, doc)).to.equal('gap')
  })

  it('is refused where its parts lie in two lists: Yjs would count it in one and lay it into the other', () => {
    const doc = new Y.Doc()
    const structs = [element('paragraph'), string('a', { parent: [8, 0] }), string('b', { origin: [8, 1] })]
    Y.applyUpdate(doc, rawUpdate([{ client: 8, clock: 0, structs }]))
    const update = rawUpdate([{ client: 8, clock: 0, structs: [string('x'.repeat(50))] }])
    expect(judge(update, doc)).to.equal('gap')
  })

  it('is refused where it says something else than what is known: others may get it first', () => {
    const doc = new Y.Doc()
    const edit = (...structs: Parameters<typeof rawUpdate>[0][number]['structs']) =>
      rawUpdate([{ client: 8, clock: 0, structs }])
    Y.applyUpdate(doc, edit(string('abc')))
    expect(judge(edit(string('abcd')), doc)).to.equal('new')
    expect(judge(edit(string('abxd')), doc)).to.equal('gap')
    expect(judge(edit(values(['a', 'b', 'c', 'd'])), doc)).to.equal('gap')
    const list = new Y.Doc()
    Y.applyUpdate(list, edit(values([1, { two: [2] }])))
    expect(judge(edit(values([1, { two: [2] }, 3])), list)).to.equal('new')
    expect(judge(edit(values([1, { two: [3] }, 3])), list)).to.equal('gap')
  })

  it('waits for what is on its way', () => {
    const doc = new Y.Doc()
    const client = new Y.Doc()
    const accepted = new AcceptedEdits()
    client.getText('default').insert(0, 'a')
    const first = Y.encodeStateAsUpdate(client)
    client.getText('default').insert(1, 'b')
    const both = Y.encodeStateAsUpdate(client)
    expect(judge(first, doc, accepted)).to.equal('new')
    expect(judge(both, doc, accepted)).to.equal('early')
    Y.applyUpdate(doc, first)
    accepted.settle()
    expect(judge(both, doc, accepted)).to.equal('new')
  })
})
