/** A failure that the newcomer can mend: the message is the one line that is printed. */
export class BootstrapError extends Error {}

const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED|dns error|error sending request|client error \(Connect\)/i
const NOT_WRITABLE = /EACCES|EPERM|EROFS|permission denied|read-only file system/i
const DISK_FULL = /ENOSPC|EDQUOT|no space left/i

/** The line for a failure, or undefined when it is a defect of ours whose stack trace should be seen. */
export function explain(error, root) {
  if (error instanceof BootstrapError) return error.message
  return error.code ? explainOutput(`${error.code} ${error.message}`, root) : undefined
}

/** The line for what a tool or the system said, if it is one of the usual troubles. */
export function explainOutput(said, root) {
  if (DISK_FULL.test(said))
    return `The disk that holds ${root} is full: free about 2 GB, then run the same command again`
  if (NOT_WRITABLE.test(said)) {
    return `Cannot write below ${root}: make the checkout yours (chown -R), then run the same command again`
  }
  if (NO_NETWORK.test(said)) {
    return 'The npm registry cannot be reached: connect to the network (or set the proxy or registry in .npmrc), then run the same command again'
  }
  return undefined
}
