import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { homedir, userInfo } from 'node:os'
import path from 'node:path'
import { BootstrapError, explainOutput } from './failure.mjs'
import { shareLock } from './lock.mjs'

/**
 * Runs npm or pnpm quietly, under the lock. When it fails, the error is one line: `special` (a pattern over what it
 * said, and a line), the usual troubles in our words, or the name of the file that holds what it said.
 */
export async function runTool(tools, command, args, cwd, special) {
  const { code, said } = await collect(tools.root, command, args, { cwd, env: toolEnvironment(tools) })
  if (code === 0) return
  if (code === 'ENOENT' && command === 'npm') {
    throw new BootstrapError('npm was not found: install Node 24 with npm from https://nodejs.org')
  }
  const known = (special?.[0].test(said) && special[1]) || explainOutput(said, tools.root)
  if (known) throw new BootstrapError(known)
  const log = path.join(tools.root, '.toolchain', 'failed.log')
  writeFileSync(log, said)
  throw new BootstrapError(`${path.basename(command)} ${args[0]} failed; what it said is in ${log}`)
}

function collect(root, command, args, options) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    if (child.pid) shareLock(path.join(root, '.toolchain'), child.pid)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
    const pass = (signal) => child.kill(signal)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, pass)
    const end = (code, extra = '') => resolve({ code, said: said + extra })
    child.once('error', (error) => end(error.code, error.message))
    child.once('close', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, pass)
      if (signal === null) end(code)
      else process.exit(1)
    })
  })
}

/** The fetched tools come first on the path; caches move into the checkout when the home folder cannot take them. */
function toolEnvironment({ bin, root }) {
  const PATH = [bin, process.env.PATH, path.dirname(process.execPath)].join(path.delimiter)
  const env = {
    ...process.env,
    PATH,
    // Never ask: nobody may be there to answer.
    CI: 'true',
    // Left to itself pnpm waits more than a minute for each of hundreds of packages before it sees a missing network.
    pnpm_config_fetch_retries: '2',
    pnpm_config_fetch_retry_mintimeout: '500',
    pnpm_config_fetch_retry_maxtimeout: '1000',
  }
  const home = findHome()
  if (home && isWritable(home)) return { ...env, HOME: home }
  const substitute = path.join(root, '.toolchain', 'home')
  mkdirSync(substitute, { recursive: true })
  return {
    ...env,
    HOME: home || substitute,
    npm_config_cache: path.join(substitute, 'npm'),
    XDG_DATA_HOME: substitute,
    XDG_CACHE_HOME: path.join(substitute, 'cache'),
    XDG_STATE_HOME: path.join(substitute, 'state'),
    XDG_CONFIG_HOME: path.join(substitute, 'config'),
    PNPM_HOME: path.join(substitute, 'pnpm'),
  }
}

function findHome() {
  try {
    return homedir() || userInfo().homedir
  } catch {
    // A user without an entry in /etc/passwd, as in some containers.
    return undefined
  }
}

function isWritable(dir) {
  try {
    accessSync(dir, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
