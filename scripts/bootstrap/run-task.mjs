import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import path from 'node:path'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']
const PARENT_CHECK_MS = 500
const PATIENCE_MS = 30_000

/** Runs a program under the wanted Node, without a shell between: passes signals on and ends as it ends. */
export function runTask(root, { node, needsNode, bin }, args) {
  const env = needsNode ? { ...process.env, PATH: [bin, process.env.PATH].join(path.delimiter) } : process.env
  // A session of its own: Ctrl-C then reaches it once, through us, and not also from the terminal.
  const child = spawn(node, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal))
  child.once('error', (error) => {
    console.error(`Cannot run ${node}: ${error.message}`)
    process.exit(1)
  })
  child.once('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))
  if (process.env.npm_lifecycle_event) followParent(child)
}

/** npm may run us below a shell that dies of a signal without passing it on. */
function followParent(child) {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    child.kill('SIGTERM')
    setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  }, PARENT_CHECK_MS)
}
