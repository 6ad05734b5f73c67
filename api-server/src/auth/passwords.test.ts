import { expect } from 'chai'
import { Limiter } from '../limiter.ts'
import { hashPassword, verifyPassword } from './passwords.ts'

describe('passwords', () => {
  it('are verified against a salted hash', async () => {
    const [one, two] = await Promise.all([hashPassword('Passw0rd!'), hashPassword('Passw0rd!')])
    expect(one).not.to.equal(two)
    expect(await verifyPassword('Passw0rd!', one)).to.equal(true)
    expect(await verifyPassword('Passw0rd?', one)).to.equal(false)
  })

  it('are verified with the parameters that the hash names', async () => {
    const phc = await hashPassword('Passw0rd!')
    expect(await verifyPassword('Passw0rd!', phc.replace('m=19456', 'm=9728'))).to.equal(false)
  })

  it('are wrong where there is no hash, or none that we know', async () => {
    for (const phc of [null, undefined, '', '$2b$10$abcdefghijklmnopqrstuv']) {
      expect(await verifyPassword('Passw0rd!', phc)).to.equal(false)
    }
  })

  it('are refused with 503 where too many are checked at once, and none is lost', async () => {
    const results = await Promise.allSettled(Array.from({ length: 70 }, () => hashPassword('Passw0rd!')))
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).to.have.length(7)
    for (const { reason } of refused) expect(reason.type.status).to.equal(503)
  })
})

describe('Limiter', () => {
  it('runs as many at a time as it may, in order, and goes on after a failure', async () => {
    const limiter = new Limiter({ concurrency: 2, queue: 3 })
    let running = 0
    let most = 0
    const order: number[] = []
    const work = (n: number) => async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      order.push(n)
      running--
      if (n === 1) throw new Error('fails')
    }
    const all = Array.from({ length: 6 }, (_, n) => limiter.run(work(n)))
    expect(all.map((promise) => promise !== undefined)).to.deep.equal([true, true, true, true, true, false])
    await Promise.allSettled(all)
    expect({ most, order }).to.deep.equal({ most: 2, order: [0, 1, 2, 3, 4] })
    expect(await limiter.run(async () => 'again')).to.equal('again')
  })
})
