import type { Database } from '@mdcreator/db/database'
import type { Logger } from '@mdcreator/shared/log'
import type { TokenCaller } from '../http/authenticate.ts'
import { noteUse } from './personal-access-tokens.queries.ts'

/** More than that at a time would keep the database from what people wait for; the next use of a token notes it too. */
const maxWriting = 2

/**
 * Notes that a token is in use, at most once a minute for each token and beside the request: it neither waits for it nor
 * fails with it.
 */
export function useRecorder(db: Database, log: Logger): (caller: TokenCaller) => void {
  const writing = new Set<string>()
  return (caller) => {
    const { tokenId, isNoted } = caller
    if (isNoted || writing.has(tokenId) || writing.size >= maxWriting) return
    writing.add(tokenId)
    noteUse(db, caller)
      .catch((err: unknown) => log.warn({ err }, 'the use of a personal access token could not be noted'))
      .finally(() => writing.delete(tokenId))
  }
}
