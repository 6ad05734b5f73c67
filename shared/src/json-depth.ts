const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/**
 * True where JSON (in UTF-8) nests arrays and objects deeper than `max`. Found out without parsing it, which builds all of
 * it first, and takes stack for each level. Of what is no JSON it says nothing.
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
    else if (byte === openBrace || byte === openBracket) {
      if (++depth > max) return true
    } else if (byte === closeBrace || byte === closeBracket) depth--
  }
  return false
}
