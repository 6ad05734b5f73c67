import { personColor } from '@mdcreator/shared/person-color'
import { avatar } from './avatar.ts'
import { type DocumentListState, documentList } from './document-list.ts'
import { h } from './dom.ts'
import { icon } from './icons.ts'
import type { DocumentSummary, Person, Workspace } from './types.ts'

export interface SidebarHandlers {
  create: () => void
  remove: (document: DocumentSummary) => void
  more: () => void
  switchWorkspace: (id: string) => void
  signOut: () => void
}

export interface Sidebar {
  element: HTMLElement
  show: (state: DocumentListState & { workspaceId: string; mayWrite: boolean }) => void
}

export function sidebar(person: Person, workspaces: Workspace[], handlers: SidebarHandlers): Sidebar {
  const list = documentList(handlers)
  const create = h(
    'button',
    { type: 'button', class: 'button new-document', 'data-testid': 'new-document', onclick: handlers.create },
    icon('plus'),
    'New document',
  )
  const switcher = workspaceName(workspaces, handlers.switchWorkspace)
  const element = h(
    'aside',
    { class: 'sidebar', id: 'sidebar', 'aria-label': 'Workspace' },
    h('header', { class: 'workspace' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), switcher.element),
    create,
    list.element,
    footer(person, handlers.signOut),
  )
  return {
    element,
    show: (state) => {
      create.hidden = !state.mayWrite
      switcher.show(state.workspaceId)
      list.show(state)
    },
  }
}

function workspaceName(
  workspaces: Workspace[],
  switchTo: (id: string) => void,
): { element: HTMLElement; show: (id: string) => void } {
  if (workspaces.length === 1) {
    return { element: h('h1', { class: 'workspace-name' }, workspaces[0]?.name), show: () => {} }
  }
  const select = h(
    'select',
    { class: 'workspace-name', 'aria-label': 'Workspace' },
    ...workspaces.map(({ id, name }) => h('option', { value: id }, name)),
  )
  select.addEventListener('change', () => switchTo(select.value))
  return {
    element: select,
    show: (id) => {
      select.value = id
    },
  }
}

function footer(person: Person, signOut: () => void): HTMLElement {
  return h(
    'footer',
    { class: 'account' },
    avatar(person.display_name, personColor(person.id)),
    h(
      'span',
      { class: 'account-text' },
      h('strong', { 'data-testid': 'person' }, person.display_name),
      h('small', { title: person.email }, person.email),
    ),
    h(
      'button',
      { type: 'button', class: 'icon-button', title: 'Sign out', 'aria-label': 'Sign out', onclick: signOut },
      icon('signOut'),
    ),
  )
}
