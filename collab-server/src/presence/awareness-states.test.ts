import { expect } from 'chai'
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness'
import * as Y from 'yjs'
import { applyStates, encodeStates } from './awareness-states.ts'

const origin = { source: 'redis' } as const

describe('awareness states of other servers', () => {
  const open: Awareness[] = []
  afterEach(() => {
    for (const awareness of open.splice(0)) awareness.destroy()
  })
  function awareness(clientId: number): Awareness {
    const document = new Y.Doc()
    document.clientID = clientId
    const created = new Awareness(document)
    created.setLocalState(null)
    open.push(created)
    return created
  }
  const contents = ({ states, meta }: Awareness) => [
    [...states].map(([clientId, state]) => [clientId, JSON.stringify(state)]).sort(),
    [...meta].map(([clientId, { clock }]) => [clientId, clock]).sort(),
  ]

  it('are what y-protocols makes of them, and are told of as it would', () => {
    const source = awareness(1)
    const [ours, theirs] = [awareness(2), awareness(2)]
    const heard: unknown[][] = [[], []]
    ours.on('update', (changes: unknown) => heard[0]?.push(changes))
    theirs.on('update', (changes: unknown) => heard[1]?.push(changes))
    const said: Uint8Array[] = []
    for (const state of [{ cursor: 1 }, { cursor: 1 }, null, null, { name: '\u{1f600} \u00e9' }, null]) {
      source.setLocalState(state)
      const update = encodeAwarenessUpdate(source, [1])
      expect(encodeStates(source, [1])).to.deep.equal(update)
      said.push(update)
    }
    // In their order, again, late and out of order.
    for (const update of [...said, ...said, ...said.reverse()]) {
      applyStates(ours, update, origin, () => {})
      applyAwarenessUpdate(theirs, update, origin)
      expect(contents(ours)).to.deep.equal(contents(theirs))
      expect(heard[0]).to.deep.equal(heard[1])
      expect(encodeStates(ours, [...ours.meta.keys()])).to.deep.equal(
        encodeAwarenessUpdate(theirs, [...theirs.meta.keys()]),
      )
    }
  })
})
