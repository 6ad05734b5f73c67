import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { type Pinged, Pings } from './pings.ts'

/** A socket whose other side answers as long as it is alive. */
class Peer extends EventEmitter {
  pings = 0
  isAlive = true
  isPaused = false
  isTerminated = false
  ping(): void {
    this.pings++
    if (this.isAlive) this.emit('pong')
  }
  terminate(): void {
    this.isTerminated = true
    this.emit('close')
  }
}

describe('pings', () => {
  /** Turns until each socket has had its own. */
  const round = 200
  const watched = (count: number): { pings: Pings; peers: Peer[] } => {
    const pings = new Pings()
    const peers = Array.from({ length: count }, () => new Peer())
    for (const peer of peers) pings.watch(peer as unknown as Pinged)
    return { pings, peers }
  }
  const sum = (peers: Peer[]): number => peers.reduce((all, peer) => all + peer.pings, 0)

  it('reach every socket once in a round, and never many at once', () => {
    const { pings, peers } = watched(1_000)
    for (let turn = 1; turn <= round; turn++) {
      pings.turn()
      expect(sum(peers)).to.equal(turn * 5)
    }
    expect(new Set(peers.map((peer) => peer.pings))).to.deep.equal(new Set([1]))
  })

  it('end a socket that has not answered, but not one that is not read', () => {
    const { pings, peers } = watched(3)
    const [answering, dead, paused] = peers as [Peer, Peer, Peer]
    dead.isAlive = false
    paused.isAlive = false
    paused.isPaused = true
    for (let turn = 0; turn < 2 * round; turn++) pings.turn()
    expect(peers.map(({ isTerminated }) => isTerminated)).to.deep.equal([false, true, false])
    expect([answering.pings, dead.pings, paused.pings]).to.deep.equal([2, 1, 2])
  })

  it('forget a socket that is closed', () => {
    const { pings, peers } = watched(1)
    peers[0]?.emit('close')
    for (let turn = 0; turn < round; turn++) pings.turn()
    expect(sum(peers)).to.equal(0)
  })
})
