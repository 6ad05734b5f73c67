import { scopes } from '@mdcreator/shared/scopes'
import { z } from 'zod'
import { pageOf } from '../http/page.ts'
import { Timestamp, text, WireId } from '../http/schema.ts'

const WireScope = z.enum(scopes).meta({
  id: 'Scope',
  description: 'What the token is good for, within what your role allows. Writing does not include reading',
})

const Expiry = z.iso
  .datetime({ offset: true })
  .transform((value) => new Date(value))
  .refine((date) => date.getTime() > Date.now(), 'must be in the future')
  .refine((date) => date.getUTCFullYear() < 10_000, 'is too far away')

export const NewPersonalAccessToken = z
  .strictObject({
    name: text().trim().min(1, 'must not be empty').max(100).meta({ example: 'Nightly export' }),
    scopes: z
      .array(WireScope)
      .min(1)
      .max(scopes.length)
      .refine((list) => new Set(list).size === list.length, 'must not name a scope twice'),
    expires_at: Expiry.nullable()
      .optional()
      .meta({
        override: { type: ['string', 'null'], format: 'date-time' },
        description: 'Without it, until you revoke it',
      }),
  })
  .meta({ id: 'NewPersonalAccessToken' })

const properties = {
  id: WireId,
  name: z.string().meta({ example: 'Nightly export' }),
  scopes: z.array(WireScope),
  last_four: z.string().meta({ description: 'The last four characters, to tell tokens apart', example: '3fQz' }),
  expires_at: Timestamp.nullable(),
  last_used_at: Timestamp.nullable().meta({ description: 'Exact to a minute' }),
  created_at: Timestamp,
}

export const PersonalAccessToken = z.object(properties).meta({ id: 'PersonalAccessToken' })
export type PersonalAccessToken = z.output<typeof PersonalAccessToken>

export const CreatedPersonalAccessToken = z
  .object({
    ...properties,
    token: z.string().meta({
      description: 'The secret: shown here and never again',
      example: 'mdc_K3nqV8pTz1WbX5yRc7GdE9fHaJ2kLm0Qs4Ut',
    }),
  })
  .meta({ id: 'CreatedPersonalAccessToken' })

export const PersonalAccessTokenPage = pageOf(PersonalAccessToken).meta({ id: 'PersonalAccessTokenPage' })
