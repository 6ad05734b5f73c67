import { parseArgs } from 'node:util'
import { exitWithUserError, UserError } from '@mdcreator/shared/user-error'

/** The numbers that a program was given as `--name value`; it ends, in one line, where it was given anything else. */
export function numericOptions<T extends Record<string, number>>(defaults: T, args = process.argv.slice(2)): T {
  try {
    return readNumericOptions(defaults, args)
  } catch (error) {
    return exitWithUserError(error)
  }
}

/** @throws UserError */
export function readNumericOptions<T extends Record<string, number>>(defaults: T, args: string[]): T {
  const names = Object.keys(defaults)
  const usage = `The options are ${names.map((name) => `--${name} ${defaults[name]}`).join(', ')} (which are the defaults).`
  const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
  let values: Record<string, string | undefined>
  try {
    values = parseArgs({ args, options }).values
  } catch (cause) {
    throw new UserError(usage, { cause })
  }
  const numbers = Object.entries(values).map(
    ([name, value]) => [name, value?.trim() ? Number(value) : Number.NaN] as const,
  )
  if (numbers.some(([, number]) => !Number.isSafeInteger(number) || number < 0)) throw new UserError(usage)
  return { ...defaults, ...Object.fromEntries(numbers) }
}
