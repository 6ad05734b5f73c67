/** The shapes of the REST API that the page uses; see /docs for all of them. */
export interface Page<Item> {
  items: Item[]
  next_cursor: string | null
}

export type Role = 'owner' | 'admin' | 'editor' | 'commenter' | 'viewer'

export interface Person {
  id: string
  email: string
  display_name: string
}

export interface Workspace {
  id: string
  name: string
  role?: Role
}

export interface DocumentSummary {
  id: string
  workspace_id: string
  title: string
  doc_type?: 'markdown' | 'mindmap'
  updated_at: string
  role?: Role
}

export interface Tokens {
  access_token: string
  refresh_token: string
  expires_in: number
}
