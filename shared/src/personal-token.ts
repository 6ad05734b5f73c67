import { randomInt } from 'node:crypto'
import { crc32 } from 'node:zlib'

// `mdc_`, 30 random characters (178 bits) and a checksum of 6. Scanners know the token by its form, and one that was
// mistyped or made up is refused without asking the database.
const prefix = 'mdc_'
const randomLength = 30
const checksumLength = 6
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const form = /^mdc_[0-9A-Za-z]{36}$/

/** A new personal access token: the whole secret, which nobody keeps but its user. */
export function newPersonalToken(): string {
  const random = Array.from({ length: randomLength }, () => alphabet[randomInt(alphabet.length)]).join('')
  return prefix + random + checksum(random)
}

/** True where a bearer token is meant to be a personal one. */
export const isPersonal = (token: string): boolean => token.startsWith(prefix)

/** True where it may be one of ours, as far as its form and checksum tell. */
export function isWellFormed(token: string): boolean {
  if (!form.test(token)) return false
  const body = token.slice(prefix.length)
  return checksum(body.slice(0, randomLength)) === body.slice(randomLength)
}

/** The CRC-32 of the random characters, in base 62. */
function checksum(random: string): string {
  let rest = crc32(random)
  let text = ''
  for (let i = 0; i < checksumLength; i++) {
    text = alphabet[rest % alphabet.length] + text
    rest = Math.floor(rest / alphabet.length)
  }
  return text
}
