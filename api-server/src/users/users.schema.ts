import { z } from 'zod'
import { AnyPassword, DisplayName } from '../auth/index.ts'
import { hasProperty, text, WireId } from '../http/schema.ts'

/** Others' browsers load it: https only, and no name or password in it. */
const AvatarUrl = text()
  .max(2_000)
  .refine((value) => {
    const url = URL.parse(value)
    return url?.protocol === 'https:' && url.username === '' && url.password === ''
  }, 'is no https URL')
  .meta({ format: 'uri', example: 'https://example.com/ada.png' })

export const UserPatch = z
  .strictObject({ display_name: DisplayName.optional(), avatar_url: AvatarUrl.nullable().optional() })
  .refine(hasProperty, 'must change something')
  .meta({ id: 'UserPatch' })
export type UserPatch = z.output<typeof UserPatch>

export const UserDeletion = z
  .strictObject({
    password: AnyPassword.optional().meta({
      description: 'Required, unless you sign in at another issuer',
      format: 'password',
    }),
  })
  .meta({ id: 'UserDeletion' })

/** The workspaces that stand in the way. */
export const OwnedWorkspaces = {
  workspaces: z.array(z.object({ id: WireId, name: z.string().meta({ example: 'Field notes' }) })),
}
