import { Id } from '@mdcreator/shared/ids'
import { z } from 'zod'

/**
 * Text that PostgreSQL and UTF-8 can hold: no NUL, no lone surrogate. Lengths count UTF-16 units.
 * Start every string of a request with this.
 */
export const text = (): z.ZodString =>
  z
    .string()
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character')
    .refine((value) => value.isWellFormed(), 'must not hold a lone surrogate')

/** A UUID on the wire. */
export const WireId = Id.meta({ id: 'Id', format: 'uuid', example: '01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d11' })

/** A moment: RFC 3339, UTC, with milliseconds. */
export const Timestamp = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ id: 'Timestamp', format: 'date-time', example: '2026-01-31T09:30:00.000Z' })

/** True where a body has at least one property: for PATCH. */
export const hasProperty = (body: object): boolean => Object.values(body).some((value) => value !== undefined)
