import { z } from 'zod'
import { Problem, type ProblemType } from '../../http/problem.ts'

/** What only the issuer can do. 501: the server lacks it, whoever asks (RFC 9110, section 15.6.2). */
export const signInAtIssuer: ProblemType = {
  slug: 'sign-in-at-issuer',
  status: 501,
  title: 'People sign in at another issuer',
  members: { issuer: z.url() },
}

/** The address is confirmed, and the issuer gave no tokens for that. */
export const signInNow: ProblemType = { slug: 'sign-in-now', status: 409, title: 'Confirmed: sign in now' }

export const elsewhere = (issuer: string): Problem =>
  new Problem(signInAtIssuer, `Sign in at ${issuer}: GET /api/v1/auth/authorize leads there`, { members: { issuer } })
