import { Document } from '@hocuspocus/server'
import { expect } from 'chai'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { element, rawUpdate, richText, string } from '../validation/testing-updates.ts'
import { MessageType, readFrame, SyncType, syncStepOne, syncStepTwo } from '../wire/frame.ts'
import { documentTasks } from './document-tasks.ts'
import { LiveDocument } from './live-document.ts'

const nothing = { state: null, owners: {}, tail: [], clock: 0, epoch: 0, snapshot: '1:1:' }
const ada = { userId: 'ada', origin: 'client' } as const

/** Somebody who types, and the update of each edit. */
function writer(from: Uint8Array[] = []) {
  const doc = new Y.Doc()
  for (const update of from) Y.applyUpdate(doc, update)
  const edit = (change: (root: Y.XmlFragment) => void): Uint8Array => {
    const before = Y.encodeStateVector(doc)
    doc.transact(() => change(doc.getXmlFragment('default')))
    return Y.encodeStateAsUpdate(doc, before)
  }
  return { doc, edit }
}

const paragraph = (words: string): Y.XmlElement => {
  const element = new Y.XmlElement('paragraph')
  element.insert(0, [new Y.XmlText(words)])
  return element
}
/** A sync step 1 of somebody who says to have that. */
const stepOneOf = (address: string, stateVector: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address)
    encoding.writeVarUint(encoder, MessageType.Sync)
    encoding.writeVarUint(encoder, SyncType.Step1)
    encoding.writeVarUint8Array(encoder, stateVector)
  })
const textOf = (doc: Y.Doc): string => doc.getXmlFragment('default').toString()
const firstText = (root: Y.XmlFragment): Y.XmlText => (root.get(0) as Y.XmlElement).get(0) as Y.XmlText

describe('a live document', () => {
  const documents: Document[] = []
  afterEach(() => {
    for (const document of documents.splice(0)) document.destroy()
  })
  const load = (updates: Uint8Array[] = []): LiveDocument => {
    const document = new Document('name')
    documents.push(document)
    for (const update of updates) Y.applyUpdate(document, update)
    return new LiveDocument(document, nothing)
  }

  describe('given a row of another server', () => {
    /** A beginning; one more word; its paragraph is deleted; and that word and another in one update, as sent to a second server. */
    function deletedMeanwhile() {
      const { doc, edit } = writer()
      const beginning = edit((root) => root.push([paragraph('abc')]))
      const known = Y.encodeStateVector(doc)
      const word = edit((root) => firstText(root).insert(3, 'de'))
      const deletion = writer([beginning, word]).edit((root) => root.delete(0, 1))
      edit((root) => firstText(root).insert(5, 'fgh'))
      const both = Y.encodeStateAsUpdate(doc, known)
      const later = edit((root) => root.push([paragraph('later')]))
      return { beginning, word, deletion, both, later }
    }

    it('that goes on from what was deleted and collected here, takes the rest, and what comes after it', () => {
      const { beginning, word, deletion, both, later } = deletedMeanwhile()
      const live = load([beginning, word, deletion])
      expect(live.applyRow({ id: 1, data: both, ...ada }, 'server')).to.equal('applied')
      expect(live.applyRow({ id: 2, data: later, ...ada }, 'server')).to.equal('applied')
      const other = load([beginning, both, word, deletion, later])
      expect(Y.equalSnapshots(Y.snapshot(live.document), Y.snapshot(other.document))).to.equal(true)
      expect(textOf(live.document)).to.equal('<paragraph>later</paragraph>')
    })

    it('that comes late, when a checkpoint has folded it, does not count it as one of the log', () => {
      const { beginning } = deletedMeanwhile()
      const live = load()
      live.applyStored({ ...nothing, state: beginning, epoch: 1 }, (error) => expect.fail(String(error)))
      expect(live.applyRow({ id: 1, data: beginning, ...ada }, 'server')).to.equal('applied')
      expect(live.position).to.include({ rows: 0, bytes: 0 })
    })

    it('that builds on one which is not here, waits for that', () => {
      const { beginning, word, later } = deletedMeanwhile()
      const live = load([beginning])
      expect(live.applyRow({ id: 1, data: later, ...ada }, 'server')).to.equal('gap')
      expect(live.applyRow({ id: 2, data: word, ...ada }, 'server')).to.equal('applied')
    })
  })

  describe('given an edit before the one that it builds on', () => {
    const inReverse = () => {
      const { edit } = writer()
      const first = edit((root) => root.push([paragraph('first')]))
      const second = edit((root) => firstText(root).insert(5, ' second'))
      const live = load()
      live.apply(second)
      return { live, first }
    }

    it('offers it to no client as long as it waits', () => {
      const { live } = inReverse()
      const client = new Y.Doc()
      Y.applyUpdate(client, Y.encodeStateAsUpdate(live.document))
      expect(client.store.pendingStructs).to.equal(null)
    })

    it('applies both once the other comes', () => {
      const { live, first } = inReverse()
      live.apply(first)
      expect(textOf(live.document)).to.equal('<paragraph>first second</paragraph>')
    })

    it('applies all that waited once the first of them comes, deletions too', () => {
      const { doc, edit } = writer()
      const edits = ['a', 'b', 'c'].map((word) => edit((root) => root.push([paragraph(word)])))
      edits.push(edit((root) => root.delete(1, 1)))
      const [first, ...rest] = edits as [Uint8Array]
      const live = load()
      for (const update of rest.reverse()) live.apply(update)
      expect(textOf(live.document)).to.equal('')
      live.apply(first)
      expect(textOf(live.document)).to.equal('<paragraph>a</paragraph><paragraph>c</paragraph>')
      expect(Y.equalSnapshots(Y.snapshot(live.document), Y.snapshot(doc))).to.equal(true)
    })

    it('keeps it once, however often it loads what is stored', () => {
      const { edit } = writer()
      const first = edit((root) => root.push([paragraph('first')]))
      const second = edit((root) => firstText(root).insert(5, ' second'))
      const live = load()
      for (let epoch = 1; epoch < 4; epoch++) {
        live.applyStored({ ...nothing, epoch, state: second }, (error) => expect.fail(String(error)))
      }
      let transactions = 0
      live.document.on('afterTransaction', () => transactions++)
      live.apply(first)
      expect(textOf(live.document)).to.equal('<paragraph>first second</paragraph>')
      expect(transactions).to.equal(2)
    })

    it('does not try it again at each edit that has nothing to do with it', () => {
      const { live } = inReverse()
      let transactions = 0
      live.document.on('afterTransaction', () => transactions++)
      live.apply(writer().edit((root) => root.push([paragraph('other')])))
      live.waitingUpdates.apply()
      expect(transactions).to.equal(1)
    })
  })

  it('answers those who open it at one time with the same bytes, and later ones with what has changed', () => {
    const { edit } = writer()
    const live = load([edit((root) => root.push([paragraph('one')]))])
    live.document.on('update', () => live.changed())
    const empty = Y.encodeStateVector(new Y.Doc())
    const answer = live.stepTwo('name', empty)
    expect(live.stepTwo('name', empty)).to.equal(answer)
    live.apply(edit((root) => root.push([paragraph('two')])))
    const next = live.stepTwo('name', empty)
    expect(Buffer.from(next).toString('latin1')).to.include('two')
    expect(Buffer.from(answer).toString('latin1')).to.not.include('two')
  })

  it('answers who says to have a million Yjs clients without counting them', () => {
    const { edit } = writer()
    const live = load([edit((root) => root.push([paragraph('one')]))])
    const stateVector = encoding.encode((encoder) => {
      encoding.writeVarUint(encoder, 1_000_000)
      for (let client = 0; client < 1_000_000; client++) {
        encoding.writeVarUint(encoder, client)
        encoding.writeVarUint(encoder, 1)
      }
    })
    const before = process.threadCpuUsage()
    const frame = readFrame(stepOneOf('name', stateVector))
    const answer = live.stepTwo('name', frame?.stateVector as Uint8Array)
    const { user, system } = process.threadCpuUsage(before)
    expect(answer).to.deep.equal(syncStepTwo('name', Y.encodeStateAsUpdate(live.document)))
    expect((user + system) / 1000).to.be.below(400)
  })

  it('answers with no more than a client lacks', () => {
    const { doc, edit } = writer()
    const [one, two] = [edit((root) => root.push([paragraph('one')])), edit((root) => root.push([paragraph('two')]))]
    const live = load([one, two])
    const { doc: other } = writer([one])
    other.getMap('elsewhere').set('key', 1)
    const answer = live.stepTwo('name', Y.encodeStateVector(other))
    expect(answer).to.deep.equal(
      syncStepTwo('name', Y.encodeStateAsUpdate(doc, Y.encodeStateVector(writer([one]).doc))),
    )
    expect(() => live.stepTwo('name', Uint8Array.of(2, 1, 1))).to.throw()
  })

  it('asks with what it has, also when that has changed', () => {
    const { edit } = writer()
    const live = load([edit((root) => root.push([paragraph('one')]))])
    live.document.on('update', () => live.changed())
    const question = live.stepOne('name')
    expect(live.stepOne('name')).to.equal(question)
    expect(live.stepOne('other')).to.deep.equal(syncStepOne('other', live.document))
    live.apply(edit((root) => root.push([paragraph('two')])))
    expect(live.stepOne('name')).to.deep.equal(syncStepOne('name', live.document))
  })

  it('answers from the checkpoint only where that is all there is', () => {
    const { edit } = writer()
    const [first, second] = [
      edit((root) => root.push([paragraph('one')])),
      edit((root) => root.push([paragraph('two')])),
    ]
    const empty = Y.encodeStateVector(new Y.Doc())
    for (const tail of [[], [{ id: 1, data: second, ...ada }]]) {
      const live = load()
      live.applyStored({ ...nothing, state: first, tail }, (error) => expect.fail(String(error)))
      const expected = syncStepTwo('name', Y.encodeStateAsUpdate(live.document))
      expect(live.stepTwo('name', empty)).to.deep.equal(expected)
      expect(live.stepTwo('other', empty)).to.have.length(expected.length + 1)
    }
  })

  it('is loaded and folded also where somebody wrote two things at one place, of which one was collected', () => {
    const root = rawUpdate([
      { client: 1, clock: 0, structs: [element('paragraph'), element('paragraph', { origin: [1, 0] })] },
    ])
    const first = rawUpdate([{ client: 1, clock: 2, structs: [richText({ parent: [1, 0] })] }])
    const second = rawUpdate([{ client: 1, clock: 2, structs: [string('xyz', { parent: [1, 1] })] }])
    const deletion = writer([root, first]).edit((fragment) => fragment.delete(0, 1))
    const { document } = load([root, first, deletion])
    const state = Y.encodeStateAsUpdate(document)
    const tail = [{ id: 1, data: second, ...ada }]
    const live = load()
    const errors: unknown[] = []
    live.applyStored({ ...nothing, state, tail }, (error) => errors.push(error))
    expect(errors).to.deep.equal([])
    expect(Y.getState(live.document.store, 1)).to.equal(5)
    const folded = new Y.Doc()
    Y.applyUpdate(folded, documentTasks.fold({ type: 'markdown', state, owners: {}, tail }).state)
    expect(Y.equalSnapshots(Y.snapshot(folded), Y.snapshot(live.document))).to.equal(true)
  })
})
