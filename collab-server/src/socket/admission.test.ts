import { expect } from 'chai'
import { Admission, type Place, type Verdict } from './admission.ts'

const plenty = { sockets: 1_000, socketsPerAddress: 1_000, unauthenticatedSockets: 1_000 }

const placeOf = (verdict: Verdict): Place => {
  if (verdict.kind !== 'admitted') throw new Error(`${verdict.kind}: ${verdict.reason}`)
  return verdict.place
}
const outcome = (verdict: Verdict): string => (verdict.kind === 'admitted' ? 'admitted' : verdict.reason)

describe('admission', () => {
  it('limits the sockets of one network, and frees their places', () => {
    const admission = new Admission({ ...plenty, socketsPerAddress: 2 })
    const first = placeOf(admission.admit('a'))
    placeOf(admission.admit('a'))
    expect(admission.admit('a')).to.include({ kind: 'closed', reason: 'address-connections', code: 4408 })
    placeOf(admission.admit('b'))
    first.leave()
    placeOf(admission.admit('a'))
    expect(outcome(admission.admit('a'))).to.equal('address-connections')
  })

  it('limits the sockets in all', () => {
    const admission = new Admission({ ...plenty, sockets: 2 })
    const first = placeOf(admission.admit('a'))
    placeOf(admission.admit('b'))
    expect(admission.admit('c')).to.include({ kind: 'closed', reason: 'sockets', code: 4408 })
    first.leave()
    placeOf(admission.admit('c'))
  })

  it('limits the sockets that have not signed in, for the moment', () => {
    const admission = new Admission({ ...plenty, unauthenticatedSockets: 2 })
    const first = placeOf(admission.admit('a'))
    const second = placeOf(admission.admit('b'))
    expect(admission.admit('c')).to.include({ kind: 'closed', reason: 'unauthenticated-sockets', code: 1013 })
    first.signedIn()
    first.signedIn()
    const third = placeOf(admission.admit('c'))
    expect(outcome(admission.admit('d'))).to.equal('unauthenticated-sockets')
    // One that had signed in gives back nothing more.
    first.leave()
    expect(outcome(admission.admit('d'))).to.equal('unauthenticated-sockets')
    second.leave()
    third.leave()
    placeOf(admission.admit('d'))
    placeOf(admission.admit('d'))
    expect(outcome(admission.admit('d'))).to.equal('unauthenticated-sockets')
  })

  it('answers without a handshake where too many are being turned away', () => {
    const admission = new Admission({ ...plenty, socketsPerAddress: 1, sockets: 100 })
    placeOf(admission.admit('a'))
    const leaves: (() => void)[] = []
    for (let i = 0; i < 10; i++) {
      const verdict = admission.admit('a')
      if (verdict.kind === 'closed') leaves.push(verdict.leave)
    }
    expect(leaves).to.have.length(10)
    expect(admission.admit('a')).to.include({ kind: 'answered', status: 503 })
    leaves[0]?.()
    expect(admission.admit('a').kind).to.equal('closed')
  })
})

describe('a network that fails to sign in', () => {
  let now: number
  let admission: Admission
  const fail = (times: number, network = 'a'): void => {
    for (let i = 0; i < times; i++) place(network).signInFailed()
  }
  const places = new Map<string, Place>()
  /** One socket per network that stays: what it does counts also while the network has to wait. */
  const place = (network: string): Place => {
    const existing = places.get(network)
    if (existing) return existing
    const admitted = placeOf(admission.admit(network))
    places.set(network, admitted)
    return admitted
  }
  const waitMs = (network = 'a'): number => {
    const verdict = admission.admit(network)
    return verdict.kind === 'answered' && verdict.status === 429 ? verdict.retryAfterMs : 0
  }

  beforeEach(() => {
    now = 1_000_000
    places.clear()
    admission = new Admission(plenty, () => now)
  })

  it('may do so 20 times a minute', () => {
    fail(20)
    expect(waitMs()).to.equal(0)
    now += 61_000
    fail(20)
    expect(waitMs()).to.equal(0)
    fail(1)
    expect(waitMs()).to.equal(1_000)
    expect(waitMs('b')).to.equal(0)
  })

  it('waits no longer where the clock on the wall is set back', () => {
    const clock = Date.now
    let behindMs = 0
    Date.now = () => clock() - behindMs
    try {
      admission = new Admission(plenty)
      fail(21)
      behindMs = 3_600_000
      expect(waitMs()).to.be.within(1, 1_000)
    } finally {
      Date.now = clock
    }
  })

  it('waits twice as long each time, up to a minute', () => {
    fail(20)
    const waits = Array.from({ length: 8 }, () => {
      fail(1)
      const wait = waitMs()
      now += wait
      expect(waitMs()).to.equal(0)
      return wait
    })
    expect(waits).to.deep.equal([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  })

  it('waits no longer for what its open sockets do meanwhile', () => {
    fail(21)
    fail(100)
    expect(waitMs()).to.equal(1_000)
  })

  it('starts anew once somebody there signs in, or after some quiet minutes', () => {
    fail(21)
    place('a').signedIn()
    expect(waitMs()).to.equal(0)
    fail(20)
    expect(waitMs()).to.equal(0)
    fail(1)
    expect(waitMs()).to.equal(1_000)
    now += 5 * 60_000 + 1
    fail(20)
    expect(waitMs()).to.equal(0)
  })

  it('is forgotten where there are very many', () => {
    fail(21)
    for (let i = 0; i < 50_000; i++) {
      const other = placeOf(admission.admit(`n${i}`))
      other.signInFailed()
      other.leave()
    }
    expect(waitMs()).to.equal(0)
  })
})
