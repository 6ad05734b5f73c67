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

  it('fails only the task that ended the thread: what waits runs in another', async () => {
    const worker = new TaskWorker<typeof testTasks>(file)
    const results = await Promise.all([failure(worker.run('exit', null)), worker.run('double', 1)])
    expect(results).to.deep.equal(['The worker thread ended', 2])
    await worker.close()
  })

  it('ends a task that takes too long, and goes on with the next', async () => {
    const worker = new TaskWorker<typeof testTasks>(file)
    const results = await Promise.all([
      failure(worker.run('spin', null, { limitMs: 200 })),
      failure(worker.run('spin', null, { limitMs: 200 })),
      worker.run('double', 2),
    ])
    const tooLong = 'The task spin took longer than 200 ms'
    expect(results).to.deep.equal([tooLong, tooLong, 4])
    await worker.close()
  })

  it('fails an argument that cannot be copied, and what waits when it is closed', async () => {
    const worker = new TaskWorker<typeof testTasks>(file)
    expect(await failure(worker.run('double', (() => 1) as never))).to.match(/could not be cloned/)
    const waiting = Promise.all([failure(worker.run('spin', null)), failure(worker.run('double', 1))])
    await worker.close()
    expect(await waiting).to.deep.equal(['The worker thread was closed', 'The worker thread was closed'])
    expect(await worker.run('double', 5)).to.equal(10)
    await worker.close()
  })
})

describe('a worker process', () => {
  const file = new URL('./testing-tasks.ts', import.meta.url)
  const failure = (work: Promise<unknown>): Promise<string> => work.then(String, (error: Error) => error.message)

  it('does what a thread does', async () => {
    const worker = new TaskWorker<typeof testTasks>(file, { processMemory: 64 })
    const results = await Promise.all([
      worker.run('double', 1),
      failure(worker.run('fail', 'no such luck')),
      failure(worker.run('spin', null, { limitMs: 500 })),
      worker.run('double', 2),
    ])
    expect(results).to.deep.equal([2, 'no such luck', 'The worker process ended', 4])
    await worker.close()
  })

  it('does not count for a task the time in which others have the processor', async () => {
    const worker = new TaskWorker<typeof testTasks>(file, { processMemory: 64 })
    expect(await worker.run('sleep', 700, { limitMs: 350 })).to.equal(700)
    await worker.close()
  })

  it('does not wait for ever for a task that does nothing at all', async () => {
    const worker = new TaskWorker<typeof testTasks>(file, { processMemory: 64 })
    expect(await failure(worker.run('sleep', 60_000, { limitMs: 50 }))).to.match(/took longer/)
    await worker.close()
  })

  it('fails a task that needs more memory than it may have, and goes on', async () => {
    const worker = new TaskWorker<typeof testTasks>(file, { processMemory: 32 })
    const results = await Promise.all([failure(worker.run('fill', null)), worker.run('double', 3)])
    expect(results).to.deep.equal(['The worker process ended', 6])
    await worker.close()
  })

  it('is not given what is loaded before the process that starts it', async () => {
    const preload = ['--import', 'data:text/javascript,process.exit()']
    process.execArgv.push(...preload)
    const worker = new TaskWorker<typeof testTasks>(file, { processMemory: 64 })
    try {
      expect(await worker.run('double', 4)).to.equal(8)
    } finally {
      process.execArgv.splice(-preload.length)
      await worker.close()
    }
  })
})
