import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { runTool } from './run-tool.mjs'

/** Whether the last successful install was for just these manifests, and its folders are still there. */
export function packagesAreInstalled(root, tools) {
  const stamp = stampFile(root)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== fingerprint(root, tools)) return false
  return workspacePackages(root).every((dir) => existsSync(path.join(root, dir, 'node_modules')))
}

/** Installs what the lockfile says. Call it under the lock. */
export async function installPackages(root, tools) {
  if (packagesAreInstalled(root, tools)) return
  console.error('Installing packages (only when they changed)…')
  rmSync(stampFile(root), { force: true })
  const wanted = fingerprint(root, tools)
  const outdated = 'pnpm-lock.yaml does not match the package.json files: run "pnpm install" and commit the lockfile'
  const args = ['install', '--frozen-lockfile', '--prefer-offline']
  await runTool(tools, path.join(tools.bin, 'pnpm'), args, root, [/ERR_PNPM_(OUTDATED_LOCKFILE|NO_LOCKFILE)/, outdated])
  writeFileSync(stampFile(root), wanted)
}

/** In node_modules, so that it goes when they go. */
function stampFile(root) {
  return path.join(root, 'node_modules', '.bootstrap-stamp')
}

function fingerprint(root, tools) {
  const hash = createHash('sha256').update(path.basename(tools.dir))
  const manifests = ['', ...workspacePackages(root)].map((dir) => path.join(dir, 'package.json'))
  for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', ...manifests]) {
    hash.update(`\0${file}\0`).update(readFileSync(path.join(root, file)))
  }
  return hash.digest('hex')
}

/** Our packages all lie directly below the root. */
function workspacePackages(root) {
  return readdirSync(root)
    .filter((name) => existsSync(path.join(root, name, 'package.json')))
    .sort()
}
