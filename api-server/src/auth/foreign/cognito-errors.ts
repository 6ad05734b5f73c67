import { invalid, Problem, problemTypes, unavailable } from '../../http/problem.ts'
import { refusedCode } from '../email-codes.ts'
import { emailUnverified, refusedSignIn } from '../sign-in.ts'
import { isRefusal } from './cognito-client.ts'

export const isNamed = (error: unknown, ...names: string[]): boolean =>
  error instanceof Error && names.includes(error.name)

const tooMany = ['TooManyRequestsException', 'LimitExceededException', 'TooManyFailedAttemptsException']

/**
 * Cognito's refusal as a problem of ours. Which account there is, or is not, does not show: whatever is wrong with the
 * credentials, or with a code, has one answer.
 */
export function asProblem(error: unknown, about: 'credentials' | 'code' | 'password'): unknown {
  if (error instanceof Problem) return error
  if (isNamed(error, ...tooMany)) {
    return new Problem(problemTypes.tooManyRequests, 'Wait before you try again', { headers: { 'Retry-After': '60' } })
  }
  if (!isRefusal(error)) return unavailable('The issuer cannot be reached')
  if (about !== 'credentials' && isNamed(error, 'InvalidPasswordException')) {
    return invalid('The password is not good enough', [{ pointer: '/password', detail: 'is refused by the issuer' }])
  }
  if (about === 'code') return refusedCode()
  if (about === 'password') return invalid('The issuer refuses these values')
  if (isNamed(error, 'UserNotConfirmedException')) {
    return new Problem(emailUnverified, 'Confirm your e-mail address with the code that was mailed to you')
  }
  return refusedSignIn()
}
