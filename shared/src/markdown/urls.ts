const SCHEME = /^([a-z][a-z0-9+.-]*):/i
const SAFE = new Set(['http', 'https', 'ftp', 'ftps', 'mailto', 'tel', 'callto', 'sms', 'cid', 'xmpp'])
const DATA_IMAGE = /^data:image\/(?:gif|png|jpeg|webp);/i

// Browsers ignore control characters and white space inside a scheme: `java\tscript:` runs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const IGNORED = /[\u0000-\u0020\u007f-\u00a0\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f\u3000\ufeff]+/g

/**
 * True for an address that a link or an image may carry: relative, or with a scheme that cannot run code. The schemes
 * are those of TipTap's Link extension.
 */
export function isSafeUrl(url: string): boolean {
  const bare = url.slice(0, 200).replace(IGNORED, '')
  const scheme = SCHEME.exec(bare)?.[1]
  return scheme === undefined || SAFE.has(scheme.toLowerCase()) || DATA_IMAGE.test(bare)
}
