import { createHash, randomBytes } from 'node:crypto'

/** A new secret: 256 random bits, in base64url. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/**
 * SHA-256: all that we keep of a secret. It is random, so a plain hash is enough; it is found by this, so nothing of it is
 * compared byte by byte.
 */
export const hashOfSecret = (secret: string): Buffer => createHash('sha256').update(secret).digest()
