import { ApiError, allItems, createClient, memoryStore } from './index.ts'

/** What README.md shows; the tests run it against a server. Gives the titles that it found. */
export async function example(baseUrl: string, email: string): Promise<string[]> {
  const store = memoryStore()
  const client = createClient({ baseUrl, token: store })

  const account = { email, password: 'Passw0rd!', display_name: 'Ada Lovelace' }
  const { data: signedUp } = await client.POST('/auth/signup', { body: account })
  if ('access_token' in signedUp) store.write(signedUp)

  const { data: workspace } = await client.POST('/workspaces', { body: { name: 'Field notes' } })
  const inWorkspace = { path: { workspace_id: workspace.id } }
  await client.POST('/workspaces/{workspace_id}/documents', {
    params: inWorkspace,
    body: { title: 'Owls', content: '# Owls' },
  })

  const titles: string[] = []
  for await (const { id, title } of allItems((query) =>
    client.GET('/workspaces/{workspace_id}/documents', { params: { ...inWorkspace, query: { limit: 50, ...query } } }),
  )) {
    titles.push(title)
    const ofDocument = { document_id: id }
    const { response } = await client.GET('/documents/{document_id}', { params: { path: ofDocument } })
    const header = { 'If-Match': response.headers.get('ETag') ?? '*' }
    const rename = (name: string) =>
      client.PATCH('/documents/{document_id}', { params: { path: ofDocument, header }, body: { title: name } })
    await rename('Barn owls')
    await rename('Tawny owls').catch((error) => {
      if (!(error instanceof ApiError) || error.slug !== 'precondition-failed') throw error
      titles.push(`${error.status}: somebody else was faster`)
    })
  }
  return titles
}
