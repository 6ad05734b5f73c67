import { type Call, call } from './http.ts'
import { ApiError } from './problem.ts'
import type { Session } from './session.ts'
import type { DocumentSummary, Page, Person, Workspace } from './types.ts'

export type Api = ReturnType<typeof createApi>

/** The REST calls of the page as the signed-in person; an expired token is renewed and the call made once more. */
export function createApi(session: Session) {
  async function request(path: string, options: Call = {}): Promise<Response> {
    const token = await session.accessToken()
    try {
      return await call(path, { ...options, token })
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error
      return await call(path, { ...options, token: await session.renew() })
    }
  }

  async function json<Answer>(path: string, options?: Call): Promise<Answer> {
    return (await (await request(path, options)).json()) as Answer
  }

  return {
    me: () => json<Person>('users/me'),
    workspaces: async () => (await json<Page<Workspace>>('workspaces')).items,
    createWorkspace: (name: string) => json<Workspace>('workspaces', { method: 'POST', body: { name } }),
    documents: (workspaceId: string, cursor: string | null) => {
      const query = new URLSearchParams({ sort: 'updated_at', limit: '50', ...(cursor === null ? {} : { cursor }) })
      return json<Page<DocumentSummary>>(`workspaces/${workspaceId}/documents?${query}`)
    },
    document: (id: string) => json<DocumentSummary>(`documents/${id}`),
    createDocument: (workspaceId: string, title: string) =>
      json<DocumentSummary>(`workspaces/${workspaceId}/documents`, { method: 'POST', body: { title } }),
    renameDocument: (id: string, title: string) =>
      json<DocumentSummary>(`documents/${id}`, { method: 'PATCH', body: { title } }),
    deleteDocument: async (id: string): Promise<void> => {
      await request(`documents/${id}`, { method: 'DELETE' })
    },
    restoreDocument: async (id: string): Promise<void> => {
      await request(`documents/${id}/restore`, { method: 'POST' })
    },
    markdown: async (id: string): Promise<string> => await (await request(`documents/${id}/content`)).text(),
  }
}
