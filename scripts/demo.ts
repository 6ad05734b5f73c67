import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Config } from '@mdcreator/shared/config'
import { UserError } from '@mdcreator/shared/user-error'
import pg from 'pg'
import { demoDocuments } from './demo-documents.ts'

type Person = { email: string; password: string; display_name: string }
export type Demo = { people: Person[]; workspace_id: string }

const names = ['Ada Berg', 'Ben Okafor']

/** The demo workspace of the embedded default: two people and a few documents, made through the API at the first start. */
export function createDemo({ config, databaseUrl }: { config: Config; databaseUrl: string }) {
  // With a database or an address of one's own this is no demo, and nobody gets an account for nothing.
  const wanted = config.databaseUrl === null && config.publicUrl === null
  const file = path.resolve(config.dataDir, 'demo.json')
  let demo: Demo | null = null
  let isPrepared = false
  const prepare = async (address: string): Promise<void> => {
    if (!wanted) return
    if (existsSync(file)) demo = JSON.parse(readFileSync(file, 'utf8')) as Demo
    if (demo && (await signsIn(address, demo))) return
    demo = await makeDemo(address, databaseUrl)
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(demo), { mode: 0o600 })
  }
  return {
    /** What the playground signs in with; null where there is no demo. */
    answer: (): Demo | null => demo,
    /** Makes the demo, or finds the one that was made. `address` is where the API listens. */
    async prepare(address: string): Promise<void> {
      await prepare(address)
      isPrepared = true
    },
    /** Rejects until that is done. */
    async ready(): Promise<void> {
      if (!isPrepared) throw new Error('The demo workspace is being made')
    },
  }
}

async function signsIn(address: string, { people }: Demo): Promise<boolean> {
  const { email, password } = people[0] as Person
  const response = await fetch(`${address}/api/v1/auth/login`, json({ email, password }))
  await response.body?.cancel()
  return response.ok
}

async function makeDemo(address: string, databaseUrl: string): Promise<Demo> {
  const suffix = randomBytes(3).toString('hex')
  const people = names.map((name) => ({
    email: `${name.split(' ')[0]?.toLowerCase()}.${suffix}@demo.example`,
    password: `Demo-${randomBytes(9).toString('base64url')}1a`,
    display_name: name,
  }))
  const accounts: { access_token: string; user: { id: string } }[] = []
  for (const person of people) accounts.push(await call(`${address}/api/v1/auth/signup`, json(person)))
  const [owner, guest] = accounts as [(typeof accounts)[number], (typeof accounts)[number]]
  const authorization = `Bearer ${owner.access_token}`
  const workspace = await call<{ id: string }>(
    `${address}/api/v1/workspaces`,
    json({ name: 'Demo workspace' }, { authorization }),
  )
  await addMember(databaseUrl, workspace.id, guest.user.id)
  for (const document of demoDocuments) {
    await call(`${address}/api/v1/workspaces/${workspace.id}/documents`, json(document, { authorization }))
  }
  return { people, workspace_id: workspace.id }
}

/** The second person is simply there: an invitation would have to be accepted by somebody. */
async function addMember(databaseUrl: string, workspaceId: string, userId: string): Promise<void> {
  const client = new pg.Client(databaseUrl)
  await client.connect()
  try {
    await client.query(`insert into workspace_members (workspace_id, user_id, role) values ($1, $2, 'editor')`, [
      workspaceId,
      userId,
    ])
  } finally {
    await client.end()
  }
}

const json = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

async function call<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init)
  if (!response.ok)
    throw new UserError(`The demo could not be made: ${new URL(url).pathname} answered ${response.status}`)
  return (await response.json()) as T
}
