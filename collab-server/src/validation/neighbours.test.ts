import { seededRandom } from '@mdcreator/shared/random'
import { expect } from 'chai'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { inspectionTasks } from './inspection-tasks.ts'
import { element, rawUpdate, string } from './testing-updates.ts'
import { validateUpdate } from './update-validator.ts'

type Id = [client: number, clock: number]
type Place = { origin?: Id; rightOrigin?: Id }
const item = (client: number, clock: number, place: Place, text = 'x'): Uint8Array =>
  rawUpdate([{ client, clock, structs: [string(text, place)] }])

/** `abcd` as one wrote it, one letter after the other, and a paragraph with a text. */
function written(): Y.Doc {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, item(1, 0, {}, 'abcd'))
  const paragraph = { client: 2, clock: 0, structs: [element('paragraph', { origin: [1, 3] })] }
  Y.applyUpdate(doc, rawUpdate([paragraph]))
  Y.applyUpdate(doc, rawUpdate([{ client: 2, clock: 1, structs: [string('pq', { parent: [2, 0] })] }]))
  return doc
}

describe('where an item may lie', () => {
  const judge = (update: Uint8Array, doc = written(), accepted = new AcceptedEdits()) =>
    validateUpdate(update, doc, accepted, 'ada')

  it('is between two that can have been neighbours', () => {
    const places: Place[] = [
      { origin: [1, 1], rightOrigin: [1, 2] },
      { origin: [1, 3], rightOrigin: [2, 0] },
      { origin: [1, 0] },
      { rightOrigin: [1, 0] },
      { origin: [1, 3] },
      { origin: [2, 2] },
    ]
    for (const place of places) expect(judge(item(9, 0, place)), JSON.stringify(place)).to.equal('new')
  })

  it('is not between two lists, nor in the wrong order, nor where something was that one of them was beside', () => {
    const places: Place[] = [
      { origin: [1, 1], rightOrigin: [2, 1] },
      { origin: [2, 1], rightOrigin: [1, 2] },
      { origin: [1, 2], rightOrigin: [1, 1] },
      { origin: [1, 1], rightOrigin: [1, 1] },
      { origin: [1, 0], rightOrigin: [1, 2] },
      { origin: [1, 1], rightOrigin: [2, 0] },
      { rightOrigin: [1, 1] },
      { rightOrigin: [2, 0] },
    ]
    for (const place of places) expect(judge(item(9, 0, place)), JSON.stringify(place)).to.equal('malformed')
    const doc = written()
    Y.applyUpdate(doc, item(3, 0, { origin: [1, 0], rightOrigin: [1, 1] }))
    expect(judge(item(9, 0, { origin: [3, 0] }), doc)).to.equal('malformed')
  })

  it('is not beside one list that was collected and one that was not', () => {
    const doc = written()
    doc.transact(() => Y.applyUpdate(doc, rawUpdate([], { 2: [[0, 1]] })))
    expect(doc.store.clients.get(2)?.at(-1)).to.be.instanceOf(Y.GC)
    expect(judge(item(9, 0, { origin: [1, 1], rightOrigin: [2, 1] }), doc)).to.equal('malformed')
    expect(judge(item(9, 0, { origin: [2, 1], rightOrigin: [2, 2] }), doc)).to.equal('new')
    // What lies in what was collected is collected, too.
    const undone = [string('x', { origin: [2, 2] }), string('y', { origin: [2, 2], rightOrigin: [9, 0] })]
    expect(judge(rawUpdate([{ client: 9, clock: 0, structs: undone }]), doc)).to.equal('new')
  })

  it('is beside what is on its way, where that tells enough; else it is known later', () => {
    const doc = written()
    const accepted = new AcceptedEdits()
    expect(judge(item(9, 0, { origin: [1, 0] }, 'typed'), doc, accepted)).to.equal('new')
    expect(judge(item(9, 5, { origin: [9, 4] }), doc, accepted)).to.equal('new')
    expect(judge(item(9, 6, { origin: [9, 1], rightOrigin: [9, 2] }), doc, accepted)).to.equal('new')
    const other = item(8, 0, { origin: [1, 0], rightOrigin: [1, 1] })
    Y.applyUpdate(doc, other)
    const beside = item(9, 7, { origin: [8, 0], rightOrigin: [9, 0] })
    expect(judge(beside, doc, accepted)).to.equal('early')
    const both = (place: Place): Uint8Array => {
      const typed = string('typed', { origin: [1, 0], rightOrigin: [1, 1] })
      return rawUpdate([{ client: 9, clock: 0, structs: [typed, string('x', place)] }])
    }
    const together = both({ origin: [8, 0], rightOrigin: [9, 0] })
    expect(judge(together, doc)).to.equal('heavy')
    const state = Y.encodeStateAsUpdate(doc)
    expect(inspectionTasks.inspect({ state, update: together }).verdict).to.equal('ok')
    const wrong = both({ origin: [9, 0], rightOrigin: [8, 0] })
    expect(judge(wrong, doc)).to.equal('heavy')
    expect(inspectionTasks.inspect({ state, update: wrong }).verdict).to.equal('malformed')
  })

  it('leaves it the same for everybody, in whatever order the edits come', () => {
    const from = Number(process.env['SEED'] ?? 1)
    for (let seed = from; seed < from + Number(process.env['SEEDS'] ?? 300); seed++) {
      const random = seededRandom(seed)
      const pick = (below: number): number => Math.floor(random() * below)
      const edits = disputed(pick)
      const orders = Array.from({ length: 4 }, () => applied(edits, pick))
      expect(new Set(orders).size, `seed ${seed}`).to.equal(1)
    }
  })
})

type Edit = { id: Id; needs: Id[]; update: Uint8Array }
type Pick = (below: number) => number

/** The units of the text, deleted or not. */
function unitsOf(doc: Y.Doc): Id[] {
  const units: Id[] = []
  for (let item = doc.getText('default')._start; item; item = item.right) {
    for (let i = 0; i < item.length; i++) units.push([item.id.client, item.id.clock + i])
  }
  return units
}

/** Of three who write where they are and two who write between any two, what is accepted. */
function disputed(pick: Pick): Edit[] {
  const server = new Y.Doc()
  const accepted = new AcceptedEdits()
  const clients = [1, 2, 3, 4, 5].sort(() => pick(2) - 0.5)
  const writers = clients.slice(0, 3).map((client) => ({ client, doc: new Y.Doc(), had: 0 }))
  const edits: Edit[] = []
  for (let i = 0; i < 16; i++) {
    const writer = pick(5) < 3 ? writers[pick(3)] : undefined
    if (writer) {
      const until = writer.had + pick(edits.length - writer.had + 1)
      for (const { update } of edits.slice(writer.had, until)) Y.applyUpdate(writer.doc, update)
      writer.had = until
    }
    const client = writer?.client ?? (clients[3 + pick(2)] as number)
    const units = unitsOf(writer?.doc ?? server)
    const at = pick(units.length + 1)
    const origin = writer ? units[at - 1] : units[pick(units.length + 2)]
    const rightOrigin = writer ? units[at] : units[pick(units.length + 2)]
    const id: Id = [client, Y.getState((writer?.doc ?? server).store, client)]
    const update = item(...id, { ...(origin && { origin }), ...(rightOrigin && { rightOrigin }) })
    const verdict = validateUpdate(update, server, accepted, `user ${client}`)
    if (writer) expect(verdict).to.equal('new')
    if (verdict !== 'new') continue
    Y.applyUpdate(server, update)
    if (writer) Y.applyUpdate(writer.doc, update)
    edits.push({ id, update, needs: [origin, rightOrigin].filter((need) => need !== undefined) })
  }
  return edits
}

/** The text after all edits in some order in which each comes after what it builds on. */
function applied(edits: Edit[], pick: Pick): string {
  const doc = new Y.Doc()
  const clockOf = (client: number): number => Y.getState(doc.store, client)
  const left = new Set(edits)
  while (left.size > 0) {
    const ready = [...left].filter(
      ({ id, needs }) => id[1] === clockOf(id[0]) && needs.every(([client, clock]) => clock < clockOf(client)),
    )
    const next = ready[pick(ready.length)] as Edit
    left.delete(next)
    Y.applyUpdate(doc, next.update)
  }
  return unitsOf(doc).join(' ')
}
