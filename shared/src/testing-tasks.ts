import { serveTasks } from './task-worker.ts'

export const testTasks = {
  double: (n: number): number => 2 * n,
  fail(message: string): never {
    throw new Error(message)
  },
  exit: (_: null): never => process.exit(0),
  spin(_: null): void {
    for (;;);
  },
  sleep(ms: number): number {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    return ms
  },
  fill(_: null): void {
    for (const kept: number[][] = []; ; ) kept.push(new Array(10_000).fill(1))
  },
}

serveTasks(testTasks)
