import { address } from './http.ts'

export interface DemoPerson {
  email: string
  password: string
  display_name: string
}

export interface Demo {
  people: DemoPerson[]
  workspace_id: string
}

const INDEX = 'mdcreator.demo-person'

/** The accounts a server in its embedded default makes for a first look; null on any other server. */
export async function fetchDemo(): Promise<Demo | null> {
  const response = await fetch(address('demo'), { headers: { accept: 'application/json' } }).catch(() => null)
  if (!response?.ok || !response.headers.get('content-type')?.includes('json')) return null
  const demo = (await response.json()) as Demo
  return demo.people.length > 0 ? demo : null
}

/** Which demo person `?as=` asks for, counted from 1; null when the address says nothing. */
export function askedPerson(): number | null {
  const asked = Number(new URLSearchParams(location.search).get('as'))
  return Number.isInteger(asked) && asked > 0 ? asked : null
}

/** The demo person of this tab: kept across reloads, as the session is. */
export const personOfTab = {
  get: (): number | null => Number(sessionStorage.getItem(INDEX)) || null,
  set: (index: number | null): void => {
    if (index === null) sessionStorage.removeItem(INDEX)
    else sessionStorage.setItem(INDEX, String(index))
  },
}

/** Counts around the people; indexes start at 1. */
export function nextPerson(demo: Demo, index: number): number {
  return (index % demo.people.length) + 1
}
