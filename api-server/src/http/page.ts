import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { invalid } from './problem.ts'
import { text } from './schema.ts'

/** The query of every list; slices extend it. */
export const PageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number from 1 to 200')
    .transform(Number)
    .pipe(z.number().max(200))
    .default(50)
    .meta({ override: { type: 'integer', minimum: 1, maximum: 200, default: 50 }, description: 'Items per page' }),
  cursor: text()
    .max(4_000)
    .optional()
    .meta({ description: 'The `next_cursor` of the page before, with the same other parameters' }),
})

/** The answer of every list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Where the next page starts; null on the last', example: null }),
  })

/** The sort key of the last item of a page. */
export type Key = readonly string[]

const Keys = z.array(z.string())

/**
 * Opaque cursors (keyset pagination: stable under inserts). A cursor is signed together with the list it belongs to, so
 * a forged one, or one of another list or order, is refused before it comes near the database.
 */
export class Cursors {
  private readonly secret: () => Promise<Buffer>

  /** `secret` must give the same bytes on every instance. */
  constructor(secret: () => Promise<Buffer>) {
    this.secret = secret
  }

  /** The key to go on after, or undefined for the first page. @throws Problem 422 */
  async open(list: string, cursor: string | undefined): Promise<Key | undefined> {
    if (cursor === undefined) return undefined
    const [payload = '', signature = '', ...rest] = cursor.split('.')
    const given = Buffer.from(signature, 'base64url')
    const wanted = await this.sign(list, payload)
    if (rest.length > 0 || given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
      throw invalid('The cursor is not valid for this list', [{ pointer: '/cursor', detail: 'is not valid here' }])
    }
    return Keys.parse(JSON.parse(Buffer.from(payload, 'base64url').toString()))
  }

  /** Cuts the one item too many that was read to see whether there is more. */
  async page<T>(list: string, rows: T[], limit: number, keyOf: (row: T) => Key): Promise<Page<T>> {
    const items = rows.slice(0, limit)
    const last = items.at(-1)
    if (rows.length <= limit || !last) return { items, next_cursor: null }
    const payload = Buffer.from(JSON.stringify(keyOf(last))).toString('base64url')
    return { items, next_cursor: `${payload}.${(await this.sign(list, payload)).toString('base64url')}` }
  }

  private async sign(list: string, payload: string): Promise<Buffer> {
    const hmac = createHmac('sha256', await this.secret())
    return hmac
      .update(JSON.stringify([list, payload]))
      .digest()
      .subarray(0, 16)
  }
}

export type Page<T> = { items: T[]; next_cursor: string | null }
