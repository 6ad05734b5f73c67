import { createHash, randomBytes } from 'node:crypto'

/** 256 bits, in base64url. */
export const newToken = (): string => randomBytes(32).toString('base64url')

/** What the database keeps. The token is random, so a plain hash is enough. */
export const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest()
