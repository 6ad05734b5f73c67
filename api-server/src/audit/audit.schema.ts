import { z } from 'zod'
import { pageOf } from '../http/page.ts'
import { Timestamp, WireId } from '../http/schema.ts'
import { auditActions } from './actions.ts'

export const AuditEntry = z
  .object({
    id: z.int().meta({ example: 4711 }),
    at: Timestamp,
    // No enumeration: entries outlive the actions that a version of the server knows.
    action: z
      .string()
      .meta({ description: `One of ${auditActions.join(', ')}, or another`, example: 'member.removed' }),
    actor_id: WireId.nullable().meta({ description: 'Who did it' }),
    target: z
      .object({
        type: z.string().meta({ example: 'user' }),
        id: z.string().meta({ example: '01923e5c-7d1a-7c3e-9f42-1f0a5b7c9d11' }),
      })
      .nullable()
      .meta({ description: 'What it happened to' }),
    details: z.record(z.string(), z.unknown()).meta({ example: { from: 'editor', to: 'viewer' } }),
    network: z
      .string()
      .nullable()
      .meta({ description: 'The IPv4 address, or the /64 of an IPv6 address', example: '203.0.113.7' }),
    user_agent: z.string().nullable().meta({ example: 'Mozilla/5.0' }),
    request_id: z
      .string()
      .nullable()
      .meta({ description: 'The X-Request-Id, also in the log of the server', example: 'request-1' }),
  })
  .meta({ id: 'AuditEntry' })

export const AuditPage = pageOf(AuditEntry).meta({ id: 'AuditPage' })
