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
}

serveTasks(testTasks)
