import { createDocuments, createPeople, foundWorkspace, type Owned, type Person } from '../people.ts'

/** A workspace in a database that has the schema. */
export type Workspace = { members: Person[]; stranger: Person; documentIds: string[] }

/** Creates a workspace with its editors and empty documents, and somebody outside it. */
export async function createWorkspace(
  owned: Owned,
  { members, documents }: { members: number; documents: number },
): Promise<Workspace> {
  const [stranger, ...people] = (await createPeople(owned, members + 1)) as [Person, Person, ...Person[]]
  const workspaceId = await foundWorkspace(owned.pool, people)
  const documentIds = await createDocuments(owned.pool, { workspaceId, ownerId: people[0].id, count: documents })
  return { members: people, stranger, documentIds }
}
