/**
 * The text with `\n` line endings and U+FFFD for NUL and lone surrogates, which neither UTF-8 nor PostgreSQL can hold
 * (CommonMark 0.31, section 2.3, replaces NUL so too).
 */
export const cleanText = (text: string): string =>
  text.replace(/\r\n?/g, '\n').replaceAll('\0', '\ufffd').toWellFormed()

/**
 * Where the text starts and ends without the characters of `space` around it; `[length, length]` if nothing else is
 * in it. A regular expression for the end takes quadratic time on a long run of spaces.
 */
export function trimmedRange(text: string, space: string): [start: number, end: number] {
  let start = 0
  while (start < text.length && space.includes(text.charAt(start))) start++
  let end = text.length
  while (end > start && space.includes(text.charAt(end - 1))) end--
  return [start, end]
}
