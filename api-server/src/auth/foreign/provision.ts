import type { Database } from '@mdcreator/db/database'
import type { AuthConfig } from '@mdcreator/shared/config'
import type { ForeignClaims } from '@mdcreator/shared/tokens'
import { Email } from '../auth.schema.ts'
import { profileReader } from './profile.ts'
import { insertForeignUser, isKnown } from './provision.queries.ts'

/**
 * Makes accounts for those whom the configured issuer vouches for, when they first come. The issuer and its subject say
 * who somebody is, and nothing else: an e-mail address never leads to an account that is there, see ADR 14.
 */
export function createProvision(db: Database, auth: AuthConfig): (foreign: ForeignClaims) => Promise<void> {
  const readProfile = profileReader(auth)
  return async (foreign) => {
    // A deleted account too: it stays deleted, and its person is refused.
    if (await isKnown(db, foreign)) return
    const profile = await readProfile(foreign)
    const email = profile.emailVerified ? (Email.safeParse(profile.email).data ?? null) : null
    const displayName = displayNameOf([profile.name, email?.split('@')[0]])
    await insertForeignUser(db, { issuer: foreign.issuer, subject: foreign.subject, email, displayName })
  }
}

function displayNameOf(candidates: (string | undefined)[]): string {
  for (const candidate of candidates) {
    const name = candidate?.toWellFormed().replaceAll('\0', '').trim().slice(0, 100).toWellFormed().trim()
    if (name) return name
  }
  return 'New user'
}
