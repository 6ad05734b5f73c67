import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { runKillRounds } from './kill-rounds.ts'

describe('kill -9 of every process', () => {
  it('loses no acknowledged edit, and the next start comes up by itself', async function () {
    this.timeout(180_000)
    const dataDir = mkdtempSync(path.join(tmpdir(), 'mdcreator-kill-'))
    chmodSync(dataDir, 0o711)
    try {
      const result = await runKillRounds(dataDir, 3, { seed: 20_261_123 })
      expect(result.acknowledged).to.be.greaterThan(100)
      expect(result.lost).to.equal(0)
    } finally {
      rmSync(dataDir, { recursive: true, force: true })
    }
  })
})
