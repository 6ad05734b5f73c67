import { mock } from 'node:test'
import { type Connection, Document } from '@hocuspocus/server'
import { expect } from 'chai'
import { readFrame } from '../wire/frame.ts'
import { batchBroadcasts, keepListeners } from './broadcast.ts'

type Kind = 'edit' | 'awareness'

describe('broadcasts', () => {
  const documents: Document[] = []
  // Timers and immediates of `pass` only: how long anything takes here does not matter.
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] }))
  afterEach(() => {
    for (const document of documents.splice(0)) document.destroy()
    mock.timers.reset()
  })
  const pass = (ms: number): void => mock.timers.tick(ms)

  /** A document with so many people; `sent` is what each of them was sent. */
  function open(people: number) {
    const document = new Document('name')
    documents.push(document)
    batchBroadcasts(document)
    const sent: Kind[][] = Array.from({ length: people }, () => [])
    for (const messages of sent) {
      document.addConnection({
        messageAddress: 'name',
        send: (message: Uint8Array) => messages.push(readFrame(message)?.update ? 'edit' : 'awareness'),
      } as unknown as Connection)
    }
    const say = (cursor: number): void => document.awareness.setLocalState({ cursor })
    const type = (words: string): void => document.getText('text').insert(0, words)
    return { document, sent, say, type }
  }

  it('send the edits of one turn of the event loop as one message, at its end', () => {
    const { sent, type } = open(2)
    type('one')
    type('two')
    expect(sent).to.deep.equal([[], []])
    pass(0)
    expect(sent).to.deep.equal([['edit'], ['edit']])
  })

  it('let cursors wait for company, but not for long', () => {
    const { sent, say } = open(1)
    for (let cursor = 0; cursor < 5; cursor++) {
      say(cursor)
      pass(10)
    }
    expect(sent).to.deep.equal([[]])
    pass(50)
    expect(sent).to.deep.equal([['awareness']])
  })

  it('send cursors that wait along with an edit, which does not wait for them', () => {
    const { sent, say, type } = open(1)
    say(1)
    pass(10)
    type('now')
    pass(0)
    expect(sent).to.deep.equal([['edit', 'awareness']])
    pass(1_000)
    expect(sent).to.deep.equal([['edit', 'awareness']])
  })

  it('let edits wait for each other in a crowd, for less than a frame of a screen', () => {
    const { sent, type } = open(200)
    type('one')
    pass(2)
    type('two')
    expect(sent[199]).to.deep.equal([])
    pass(14)
    expect(sent[199]).to.deep.equal(['edit'])
  })

  it('are sent when a document ends, too', () => {
    const { document, sent, type } = open(1)
    type('last')
    document.destroy()
    expect(sent[0]?.[0]).to.equal('edit')
  })

  it('leave to awareness the listeners that were there, and take away those that were added', () => {
    const { document, say } = open(0)
    const heard: string[] = []
    document.awareness.on('update', () => heard.push('before'))
    const forget = keepListeners(document)
    document.awareness.on('update', () => heard.push('meanwhile'))
    forget()
    document.awareness.on('update', () => heard.push('after'))
    say(1)
    expect(heard).to.deep.equal(['before', 'after'])
  })
})
