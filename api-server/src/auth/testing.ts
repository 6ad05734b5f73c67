import { newId } from '@mdcreator/shared/ids'
import { type Answer, type TestApi, testPassword } from '../testing.ts'

// For the tests of accounts only.

export const problem = (slug: string): string => `https://mdcreator.app/problems/${slug}`

export const newAccount = (change: object = {}) => ({
  ...{ email: `${newId()}@example.com`, password: testPassword, display_name: 'Ada' },
  ...change,
})

export const post = (api: TestApi, path: string, body: unknown, headers: Record<string, string> = {}) =>
  api.request('POST', path, { body, headers })

/** What everybody may see of an answer: without ids, times, and what only a success has. */
export const shapeOf = ({ status, body, headers }: Answer): unknown => ({
  status,
  body: JSON.parse(
    JSON.stringify(body ?? null).replace(/"[0-9a-f]{8}-[0-9a-f-]{27}(@[\w.]+)?"|"\d{4}-\d\d-\d\dT[^"]*"/g, '"…"'),
  ),
  headers: [...headers.keys()].filter((name) => name !== 'date').sort(),
})

/** The code in the latest mail to an address, or undefined. */
export async function codeFor(api: TestApi, address: string): Promise<string | undefined> {
  const mail = (await api.mailsTo(address)).at(-1) ?? ''
  return /^ {4}([0-9A-Z-]{6,9})\r?$/m.exec(mail)?.[1]
}
