import { rmSync } from 'node:fs'
import { makeDataDir } from '@mdcreator/db/testing'
import { expect } from 'chai'
import { runKillRounds } from './kill-rounds.ts'

describe('kill -9 of every process', () => {
  it('loses no acknowledged edit, and the next start comes up by itself', async function () {
    this.timeout(180_000)
    const dataDir = makeDataDir()
    try {
      const result = await runKillRounds(dataDir, 3, { seed: 20_261_123 })
      expect(result.acknowledged).to.be.greaterThan(100)
      expect(result.lost).to.equal(0)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
