import { randomUUIDv7 } from 'node:crypto'
import { z } from 'zod'

/** A new id: UUID version 7 (RFC 9562, section 5.7), so that ids sort by time and index well. */
export const newId = (): string => randomUUIDv7()

/** A canonical lower-case UUID; clients may bring their own. */
export const Id = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'is no UUID')

/** True for a canonical UUID: the only document name that a socket may ask for. */
export const isId = (value: string): boolean => Id.safeParse(value).success
