import { requireRedis } from '@mdcreator/shared/testing-redis'
import { expect } from 'chai'
import { runFuzz } from './run.ts'

describe('hostile frames', function () {
  this.timeout(180_000)
  before(function () {
    requireRedis(this)
  })

  it('harm nobody who types in the same document or another, and leave nothing wrong behind', async () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? 1)
    console.log(`      seed ${seed}`)
    const result = await runFuzz({ frames: 400, seed })
    const { attack, verdicts, drops, errors, falseAcknowledgements, heapBytes } = result
    for (const verdict of verdicts) {
      expect(verdict).to.deep.include({ lost: 0, unequal: 0, contentMismatches: 0, unloadable: 0, ends: [] })
    }
    expect({ drops, errors, falseAcknowledgements }).to.deep.equal({ drops: 0, errors: 0, falseAcknowledgements: 0 })
    expect(attack.oddAnswers).to.deep.equal([])
    expect(attack.acknowledged).not.to.have.length(0)
    expect(heapBytes.after - heapBytes.before).to.be.below(20 * 1024 * 1024)
  })
})
