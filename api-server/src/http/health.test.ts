import { createDatabase } from '@mdcreator/db/database'
import { expect } from 'chai'
import { startApi } from '../testing.ts'
import { healthEndpoints } from './health.ts'
import { Problem } from './problem.ts'

describe('health', () => {
  it('says that the process is alive and ready', async () => {
    const api = await startApi()
    const alive = await api.request('GET', '//healthz')
    const ready = await api.request('GET', '//readyz')
    await api.stop()
    expect([alive.status, alive.body]).to.deep.equal([200, { status: 'ok' }])
    expect([ready.status, ready.body]).to.deep.equal([200, { status: 'ready' }])
  })

  it('names what is away, with 503, and stays alive', async () => {
    const db = createDatabase({ url: 'postgres://nobody@127.0.0.1:1/none', role: 'mdcreator_api' })
    const api = await startApi({ db, checks: { migrations: async () => undefined } })
    const alive = await api.request('GET', '//healthz')
    const ready = await api.request('GET', '//readyz')
    await api.stop()
    expect(alive.status).to.equal(200)
    expect(ready.status).to.equal(503)
    expect(ready.headers.get('Retry-After')).to.equal('2')
    expect(ready.body).to.deep.include({ type: 'https://mdcreator.app/problems/unavailable', away: ['database'] })
  })

  it('is not ready once it shuts down', async () => {
    const api = await startApi({ isStopping: () => true })
    const ready = await api.request('GET', '//readyz')
    await api.stop()
    expect(ready.status).to.equal(503)
  })

  it('does not wait for a dependency that hangs, and asks it once for many callers', async () => {
    let asked = 0
    const hang = () => {
      asked++
      return new Promise(() => undefined)
    }
    const [, readiness] = healthEndpoints({ checks: { storage: hang }, isStopping: () => false, timeoutMs: 20 })
    const ask = () => readiness?.handle({} as never).catch((error: unknown) => error)
    const answers = await Promise.all([ask(), ask(), ask()])
    expect(asked).to.equal(1)
    for (const answer of answers) {
      expect(answer).to.be.instanceOf(Problem)
      expect((answer as Problem).extras.members).to.deep.equal({ away: ['storage'] })
    }
  })
})
