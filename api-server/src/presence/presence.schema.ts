import { commands } from '@mdcreator/shared/bus/messages'
import { z } from 'zod'
import { Timestamp } from '../http/schema.ts'

/** As the collaboration servers tell it. */
const PresentPerson = commands['document.presence'].reply.shape.people.element

export const Presence = z
  .object({
    items: z
      .array(PresentPerson.meta({ id: 'PresentPerson' }))
      .meta({ description: 'Who is in the document now, whichever server they are connected to' }),
    last_here: z
      .array(z.object({ user: PresentPerson.shape.user, last_seen_at: Timestamp }).meta({ id: 'LastHere' }))
      .meta({ description: 'Members who were in it before and are not now, the latest first; at most 50' }),
  })
  .meta({ id: 'Presence' })
