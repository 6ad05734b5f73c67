const [quote, backslash, bracket, brace, endOfBracket, endOfBrace] = Buffer.from('"\\[{]}') as unknown as number[]

/**
 * True where JSON (in UTF-8) nests arrays and objects deeper than `max`. It is not parsed, for that builds all of it first.
 * Of what is no JSON it says nothing.
 */
export function isDeeper(json: Uint8Array, max: number): boolean {
  let depth = 0
  let isString = false
  for (let i = 0; i < json.length; i++) {
    const byte = json[i]
    if (isString) {
      if (byte === backslash) i++
      else if (byte === quote) isString = false
    } else if (byte === quote) isString = true
    else if (byte === bracket || byte === brace) {
      if (++depth > max) return true
    } else if (byte === endOfBracket || byte === endOfBrace) depth--
  }
  return false
}
