import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { BootstrapError, explain } from './failure.mjs'
import { installPackages, packagesAreInstalled } from './install.mjs'
import { withLock } from './lock.mjs'
import { runTask } from './run-task.mjs'
import { fetchTools, planTools, toolsAreFetched } from './toolchain.mjs'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')

/** What each task runs under Node 24, from the root of the checkout. */
const TASKS = { start: 'scripts/dev.ts', test: 'node_modules/mocha/bin/mocha.js', check: 'scripts/check.ts' }

/** Prepares the checkout and runs the task; every failure of the preparation is one line. */
export async function main([task, ...args]) {
  try {
    if (!Object.hasOwn(TASKS, task ?? '')) {
      throw new BootstrapError(
        `Unknown task ${JSON.stringify(task ?? '')}: run "npm start", "npm test" or "npm run check"`,
      )
    }
    const tools = planTools(ROOT)
    await prepare(tools)
    runTask(ROOT, tools, [TASKS[task], ...args])
  } catch (error) {
    const known = explain(error, ROOT)
    if (!known) throw error
    console.error(known)
    process.exitCode = 1
  }
}

async function prepare(tools) {
  const ready = () => toolsAreFetched(tools) && packagesAreInstalled(ROOT, tools)
  if (ready()) return
  await withLock(path.join(ROOT, '.toolchain'), async () => {
    // Whoever held the lock before may have done the work.
    if (ready()) return
    await fetchTools(tools)
    await installPackages(ROOT, tools)
  })
}
