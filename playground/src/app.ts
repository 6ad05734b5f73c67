import type { Api } from './api.ts'
import { type Demo, nextPerson } from './demo.ts'
import { type DocumentPage, documentPage } from './document-page.ts'
import { DocumentStore } from './document-store.ts'
import { h } from './dom.ts'
import { emptyState } from './empty-state.ts'
import { icon } from './icons.ts'
import type { LiveDocument } from './live-document.ts'
import { LiveDocuments } from './live-documents.ts'
import { attempt, notify } from './notices.ts'
import { ApiError, explain } from './problem.ts'
import { addressOf, documentInAddress, goTo } from './route.ts'
import type { Session } from './session.ts'
import { sidebar } from './sidebar.ts'
import type { DocumentSummary, Person, Workspace } from './types.ts'

export interface AppOptions {
  api: Api
  session: Session
  person: Person
  workspaces: [Workspace, ...Workspace[]]
  preferredWorkspace: string | null
  demo: { demo: Demo; index: number } | null
  signOut: () => Promise<void>
}

/** The signed-in page: the list on the left, one document on the right, the address in charge of which. */
export class App {
  readonly element: HTMLElement
  readonly #options: AppOptions
  readonly #live: LiveDocuments
  readonly #store: DocumentStore
  readonly #sidebar: ReturnType<typeof sidebar>
  readonly #content = h('div', { class: 'content' })
  readonly #onRoute = (): void => attempt(() => this.#route())
  readonly #onLeave = (event: BeforeUnloadEvent): void => {
    if (this.#live.unsaved) event.preventDefault()
  }
  #page: { id: string; live: LiveDocument; view: DocumentPage } | null = null
  #createdId: string | null = null
  #deletingId: string | null = null
  #wanted = 0

  constructor(options: AppOptions) {
    this.#options = options
    const { api, session, workspaces, preferredWorkspace } = options
    this.#live = new LiveDocuments({
      token: () => session.accessToken(),
      recheck: (id, expired) => recheck(options, id, expired),
    })
    const first = workspaces.find(({ id }) => id === preferredWorkspace) ?? workspaces[0]
    this.#store = new DocumentStore(api, first.id, () => this.#showList())
    this.#sidebar = sidebar(options.person, workspaces, {
      create: () => attempt(() => this.#create()),
      remove: (document) => attempt(() => this.#remove(document)),
      more: () => attempt(() => this.#store.more()),
      switchWorkspace: (id) => attempt(() => this.#switchWorkspace(id)),
      signOut: () => attempt(() => this.#signOut()),
    })
    const shade = h('div', { class: 'shade', onclick: () => this.#toggleSidebar(false) })
    this.element = h('div', { class: 'app' }, this.#sidebar.element, shade, this.#content)
    addEventListener('hashchange', this.#onRoute)
    addEventListener('beforeunload', this.#onLeave)
  }

  async start(): Promise<void> {
    const asked = documentInAddress()
    if (asked === null) await this.#store.refresh()
    await this.#route()
  }

  /** Connects again after the person has signed in anew. */
  reconnect(): void {
    this.#live.reconnect()
  }

  destroy(): void {
    removeEventListener('hashchange', this.#onRoute)
    removeEventListener('beforeunload', this.#onLeave)
    this.#closePage()
    this.#store.destroy()
    this.#live.destroy()
    this.element.remove()
  }

  async #route(): Promise<void> {
    this.#toggleSidebar(false)
    const id = documentInAddress()
    if (id !== null && id === this.#page?.id) return
    this.#wanted += 1
    const wanted = this.#wanted
    if (id === null) {
      const newest = this.#store.documents[0]
      if (newest) goTo(newest.id, true)
      else this.#showEmpty()
      return
    }
    const summary = this.#store.documents.find((document) => document.id === id) ?? (await this.#find(id))
    if (wanted !== this.#wanted) return
    if (summary) this.#open(summary)
    else goTo(null, true)
  }

  /** A document of another page of the list, or of another workspace. */
  async #find(id: string): Promise<DocumentSummary | null> {
    try {
      const summary = await this.#options.api.document(id)
      const known = this.#options.workspaces.some((workspace) => workspace.id === summary.workspace_id)
      if (known && summary.workspace_id !== this.#store.workspaceId) await this.#store.switchTo(summary.workspace_id)
      else await this.#store.refresh()
      return summary
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      notify(error.status === 404 ? 'That document is gone, or it was not shared with you.' : explain(error))
      await this.#store.refresh()
      return null
    }
  }

  #open(summary: DocumentSummary): void {
    this.#closePage()
    const live = this.#live.open(summary.id)
    const view = documentPage({
      api: this.#options.api,
      live,
      summary,
      person: this.#options.person,
      secondPerson: this.#secondPerson(summary.id),
      isNew: summary.id === this.#createdId,
      sidebarButton: () => this.#sidebarButton(),
      renamed: (document) => this.#store.put(document),
      ended: (ended) => this.#ended(ended),
    })
    this.#createdId = null
    this.#page = { id: summary.id, live, view }
    this.#content.replaceChildren(view.element)
    this.#showList()
  }

  #ended(live: LiveDocument): void {
    if (live.trouble !== 'gone' && live.trouble !== 'forbidden') return
    if (live.id === this.#deletingId) return
    const title = this.#store.documents.find(({ id }) => id === live.id)?.title || 'The document'
    const text = live.trouble === 'gone' ? `“${title}” was deleted.` : `You no longer have access to “${title}”.`
    notify(live.unsaved ? `${text} Your last edits were not stored.` : text)
    this.#store.drop(live.id)
    // Not while the page is being built or is handling the event.
    queueMicrotask(() => this.#page?.id === live.id && goTo(null, true))
  }

  #closePage(): void {
    if (!this.#page) return
    const { live, view } = this.#page
    this.#page = null
    view.destroy()
    this.#live.leave(live)
  }

  #showEmpty(): void {
    this.#closePage()
    const mayWrite = this.#mayWrite()
    this.#content.replaceChildren(
      emptyState({
        heading: mayWrite ? 'A blank page, for all of you' : 'Nothing here yet',
        text: mayWrite
          ? 'Write together in one document: everybody’s words appear as they are typed, and every edit is kept.'
          : 'Documents that your team writes will appear here.',
        ...(mayWrite
          ? { action: { label: 'Write the first document', run: () => attempt(() => this.#create()) } }
          : {}),
        sidebarButton: this.#sidebarButton(),
      }),
    )
    this.#showList()
  }

  #showList(): void {
    const { documents, hasMore, workspaceId } = this.#store
    const activeId = this.#page?.id ?? null
    this.#sidebar.show({ documents, activeId, hasMore, workspaceId, mayWrite: this.#mayWrite() })
    const open = documents.find(({ id }) => id === activeId)
    if (open) this.#page?.view.receive(open)
    document.title = open ? `${open.title} – MD Creator` : 'MD Creator'
    // The first document may come from somebody else.
    if (activeId === null && documents.length > 0 && documentInAddress() === null) this.#onRoute()
  }

  async #create(): Promise<void> {
    const document = await this.#options.api.createDocument(this.#store.workspaceId, 'Untitled')
    this.#createdId = document.id
    this.#store.put(document)
    goTo(document.id)
  }

  async #remove(document: DocumentSummary): Promise<void> {
    // The live connection may hear of it before the answer is here.
    this.#deletingId = document.id
    await this.#options.api.deleteDocument(document.id).finally(() => {
      this.#deletingId = null
    })
    const wasOpen = this.#page?.id === document.id
    if (wasOpen) this.#closePage()
    this.#store.drop(document.id)
    if (wasOpen) goTo(null, true)
    const restore = async (): Promise<void> => {
      await this.#options.api.restoreDocument(document.id)
      await this.#store.refresh()
      goTo(document.id)
    }
    notify(`“${document.title || 'Untitled'}” was deleted.`, { label: 'Undo', run: () => attempt(restore) })
  }

  async #switchWorkspace(id: string): Promise<void> {
    this.#closePage()
    await this.#store.switchTo(id)
    goTo(null, true)
  }

  async #signOut(): Promise<void> {
    if (this.#live.unsaved && !confirm('Some edits are not stored yet and would be lost. Sign out?')) return
    await this.#options.signOut()
  }

  #mayWrite(): boolean {
    const workspace = this.#options.workspaces.find(({ id }) => id === this.#store.workspaceId)
    return workspace?.role !== 'viewer' && workspace?.role !== 'commenter'
  }

  #secondPerson(documentId: string): { name: string; href: string } | null {
    if (!this.#options.demo) return null
    const { demo, index } = this.#options.demo
    const next = nextPerson(demo, index)
    const name = demo.people[next - 1]?.display_name
    return name === undefined || next === index ? null : { name, href: `?as=${next}${addressOf(documentId)}` }
  }

  #sidebarButton(): HTMLElement {
    const toggle = (): void => this.#toggleSidebar()
    const label = 'Show or hide the list of documents'
    const attributes = { type: 'button', class: 'icon-button', title: label, 'aria-label': label, onclick: toggle }
    return h('button', { ...attributes, 'aria-controls': 'sidebar', 'data-testid': 'sidebar-toggle' }, icon('sidebar'))
  }

  /** On a narrow screen the list lies over the document; on a wide one it makes room for it. */
  #toggleSidebar(open?: boolean): void {
    if (matchMedia('(max-width: 52rem)').matches) this.element.classList.toggle('sidebar-open', open)
    else if (open === undefined) this.element.classList.toggle('sidebar-away')
  }
}

async function recheck({ session, api }: AppOptions, id: string, expired: boolean): Promise<'ok' | 'absent' | 'later'> {
  try {
    if (expired) await session.renew()
    await api.document(id)
    return 'ok'
  } catch (error) {
    return error instanceof ApiError && (error.status === 404 || error.status === 403) ? 'absent' : 'later'
  }
}
