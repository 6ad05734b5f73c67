import { expect } from 'chai'
import { TaskWorker } from './task-worker.ts'
import type { testTasks } from './testing-tasks.ts'

describe('a worker thread', () => {
  const file = new URL('./testing-tasks.ts', import.meta.url)
  const failure = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.message)

  it('runs tasks in order and answers each with its own result', async () => {
    const worker = new TaskWorker<typeof testTasks>(file)
    expect(await Promise.all([1, 2, 3].map((n) => worker.run('double', n)))).to.deep.equal([2, 4, 6])
    await worker.close()
  })

  it('passes on what a task throws, and goes on', async () => {
    const worker = new TaskWorker<typeof testTasks>(file)
    expect(await failure(worker.run('fail', 'no such luck'))).to.equal('no such luck')
    expect(await worker.run('double', 4)).to.equal(8)
    await worker.close()
  })

  it('fails what waits when the thread ends, and starts another for what comes', async () => {
    const worker = new TaskWorker<typeof testTasks>(file)
    const results = await Promise.all([failure(worker.run('exit', null)), failure(worker.run('double', 1))])
    expect(results).to.deep.equal(['The worker thread ended', 'The worker thread ended'])
    expect(await worker.run('double', 5)).to.equal(10)
    await worker.close()
  })

  it('ends a task that takes too long', async () => {
    const worker = new TaskWorker<typeof testTasks>(file, { limitMs: 200 })
    expect(await failure(worker.run('spin', null))).to.equal('The task spin took longer than 200 ms')
    await worker.close()
  })
})
