import { seededRandom } from '@mdcreator/shared/random'
import { expect } from 'chai'
import * as Y from 'yjs'
import { AcceptedEdits } from './accepted.ts'
import { inspectionTasks } from './inspection-tasks.ts'
import { validateUpdate } from './update-validator.ts'

/** More by hand: `EDITS=20000`. */
const edits = Number(process.env['EDITS'] ?? 600)
const mutantsPerUpdate = 3

describe('what editors write', () => {
  it('is never refused, and no mutant of it that is accepted does harm', function () {
    this.timeout(edits * 100)
    const seed = Number(process.env['SEED'] ?? 20_261_124)
    const at = `seed ${seed}`
    const next = seededRandom(seed)
    const pick = (n: number): number => Math.floor(next() * n)
    const world = new World(pick)
    const counts: Record<string, number> = {}
    const count = (what: string): void => {
      counts[what] = (counts[what] ?? 0) + 1
    }
    for (let edit = 0; edit < edits; edit++) {
      const editor = world.editors[pick(world.editors.length)] as Editor
      editor.edit()
      // Some write offline for a while, and then send all at once.
      if (next() < 0.5) continue
      for (const update of editor.send(next() < 0.5)) {
        for (let i = 0; i < mutantsPerUpdate; i++) count(`mutants ${tryMutant(mutate(update, pick), world.server, at)}`)
        const verdict = world.receive(update, editor.user)
        count(verdict)
        expect(verdict, `${at}, edit ${edit}`).to.be.oneOf(['new', 'known'])
      }
      if (next() < 0.7) editor.receive(world.server)
      if (next() < 0.02) world.reload(pick(world.editors.length))
    }
    for (const editor of world.editors) {
      for (const update of editor.send(true)) world.receive(update, editor.user)
    }
    world.land()
    for (const editor of world.editors) {
      editor.receive(world.server)
      expect(contentOf(editor.doc), at).to.deep.equal(contentOf(world.server))
    }
    expect(contentOf(copyOf(world.server)), at).to.deep.equal(contentOf(world.server))
    expect(counts['new'], `${at}: ${JSON.stringify(counts)}`).to.be.greaterThan(edits / 5)
    if (process.env['EDITS']) process.stdout.write(`${at}: ${JSON.stringify(counts)}\n`)
  })
})

type Pick = (n: number) => number

class World {
  readonly server = new Y.Doc()
  readonly accepted = new AcceptedEdits()
  readonly editors: Editor[]
  private readonly pick: Pick
  private readonly flying: Uint8Array[] = []

  constructor(pick: Pick) {
    this.pick = pick
    this.editors = ['ada', 'ben', 'cy', 'dee'].map((user) => new Editor(user, pick))
  }

  receive(update: Uint8Array, user: string): string {
    let verdict: string = validateUpdate(update, this.server, this.accepted, user)
    if (verdict === 'early' || verdict === 'heavy') {
      this.land()
      verdict = judge(update, this.server, this.accepted, user)
    }
    if (verdict === 'new') this.flying.push(update)
    if (this.pick(3) === 0) this.land()
    return verdict
  }

  /** What was accepted is in the log, and is applied. */
  land(): void {
    for (const update of this.flying.splice(0)) Y.applyUpdate(this.server, update)
    this.accepted.settle()
  }

  /** Another tab of the same person, with what the last one had: a new Yjs client. */
  reload(index: number): void {
    const old = this.editors[index] as Editor
    for (const update of old.send(true)) this.receive(update, old.user)
    this.land()
    const fresh = new Editor(old.user, this.pick)
    fresh.receive(this.server)
    this.editors[index] = fresh
  }
}

class Editor {
  readonly doc = new Y.Doc()
  readonly user: string
  private readonly pick: Pick
  private readonly undo: Y.UndoManager
  private unsent: Uint8Array[] = []
  private sent = Y.encodeStateVector(new Y.Doc())

  constructor(user: string, pick: Pick) {
    this.user = user
    this.pick = pick
    this.doc.clientID = 1 + pick(2 ** 31)
    this.doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (local) this.unsent.push(update)
    })
    const { fragment, map, text } = this
    this.undo = new Y.UndoManager([fragment, map, text], { captureTimeout: 0 })
  }

  private get fragment(): Y.XmlFragment {
    return this.doc.getXmlFragment('default')
  }

  private get map(): Y.Map<unknown> {
    return this.doc.getMap('mindmap')
  }

  private get text(): Y.Text {
    return this.doc.getText('notes')
  }

  edit(): void {
    const { pick, text, map, fragment } = this
    const kinds = [
      () =>
        text.insert(
          pick(text.length + 1),
          'abß\u2028'.slice(0, 1 + pick(4)),
          pick(3) === 0 ? { bold: true } : undefined,
        ),
      () => text.delete(pick(text.length), Math.min(1 + pick(6), text.length)),
      () =>
        text.length > 5 &&
        text.format(pick(text.length - 5), 1 + pick(5), { [`mark${pick(3)}`]: pick(2) === 0 || null }),
      () => map.set(`k${pick(5)}`, [1, 'two', { three: null, four: new Uint8Array(2) }]),
      () => map.set(`k${pick(5)}`, new Y.Map([['child', new Y.Array()]])),
      () => map.delete(`k${pick(5)}`),
      () => fragment.insert(pick(fragment.length + 1), [blockOf(pick)]),
      () => fragment.length > 8 && fragment.delete(pick(fragment.length - 3), 1 + pick(3)),
      () =>
        this.inside((block) => block.insert(pick(block.length + 1), [pick(2) ? blockOf(pick) : new Y.XmlText('more')])),
      () => this.inside((block) => block.setAttribute('level', String(pick(6)))),
      () => pick(2) === 0 && this.undo.undo(),
      () => pick(2) === 0 && this.undo.redo(),
      () =>
        fragment.insert(
          0,
          Array.from({ length: pick(40) }, () => blockOf(pick)),
        ),
      () => pick(8) === 0 && fragment.delete(0, fragment.length),
    ]
    const transactions = 1 + pick(3)
    for (let i = 0; i < transactions; i++) this.doc.transact(() => kinds[pick(kinds.length)]?.())
  }

  private inside(change: (block: Y.XmlElement) => void): void {
    const blocks = this.fragment.toArray().filter((child) => child instanceof Y.XmlElement)
    const block = blocks[this.pick(blocks.length)]
    if (block) change(block as Y.XmlElement)
  }

  /** Each update as it came, or all as one, as a provider does when it connects again. */
  send(asOne: boolean): Uint8Array[] {
    const updates = asOne ? [Y.encodeStateAsUpdate(this.doc, this.sent)] : this.unsent
    this.unsent = []
    this.sent = Y.encodeStateVector(this.doc)
    return updates
  }

  receive(server: Y.Doc): void {
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(server, Y.encodeStateVector(this.doc)))
    if (this.unsent.length === 0) this.sent = Y.encodeStateVector(this.doc)
  }
}

function blockOf(pick: Pick): Y.XmlElement {
  const block = new Y.XmlElement(['paragraph', 'heading', 'blockquote'][pick(3)])
  const text = new Y.XmlText(pick(2) ? 'Some words' : '')
  text.insert(0, 'Strong', { bold: {} })
  block.insert(0, [text])
  return block
}

const contentOf = (doc: Y.Doc): unknown => [
  doc.getXmlFragment('default').toString(),
  doc.getMap('mindmap').toJSON(),
  doc.getText('notes').toDelta(),
]

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  return copy
}

/** The verdict when nothing is on its way, after an inspection where one is asked for. */
function judge(update: Uint8Array, server: Y.Doc, accepted: AcceptedEdits, user: string): string {
  const verdict = validateUpdate(update, server, accepted, user)
  if (verdict !== 'heavy') return verdict
  const inspection = inspectionTasks.inspect({ state: Y.encodeStateAsUpdate(server), update })
  if (inspection.verdict !== 'ok') return inspection.verdict
  const inspected = { ...inspection, pieces: accepted.pieces }
  return validateUpdate(update, server, accepted, user, { inspected })
}

function mutate(update: Uint8Array, pick: Pick): Uint8Array {
  const mutant = Uint8Array.from(update)
  for (let flips = 1 + pick(3); flips > 0; flips--) mutant[pick(mutant.length)] = pick(256)
  return mutant
}

function tryMutant(mutant: Uint8Array, server: Y.Doc, at: string): string {
  if (judge(mutant, server, new AcceptedEdits(), 'mallory') !== 'new') return 'refused'
  const victim = copyOf(server)
  const hex = (): string => `${at}, mutant ${Buffer.from(mutant).toString('hex')}`
  try {
    Y.applyUpdate(victim, mutant)
  } catch (error) {
    throw new Error(hex(), { cause: error })
  }
  const again = copyOf(victim)
  for (const { store } of [victim, again]) {
    expect(store.pendingStructs, hex()).to.equal(null)
    expect(store.pendingDs, hex()).to.equal(null)
  }
  expect(Y.encodeStateVector(again), hex()).to.deep.equal(Y.encodeStateVector(victim))
  expect(contentOf(again), hex()).to.deep.equal(contentOf(victim))
  return 'accepted'
}
