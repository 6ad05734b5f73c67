import { h } from './dom.ts'
import { icon } from './icons.ts'
import { openMenu } from './menu.ts'
import { relativeTime } from './relative-time.ts'
import { addressOf } from './route.ts'
import type { DocumentSummary } from './types.ts'

export interface DocumentListHandlers {
  remove: (document: DocumentSummary) => void
  more: () => void
}

export interface DocumentListState {
  documents: DocumentSummary[]
  activeId: string | null
  hasMore: boolean
}

/** The documents of the workspace, the newest first. */
export function documentList(handlers: DocumentListHandlers): {
  element: HTMLElement
  show: (state: DocumentListState) => void
} {
  const list = h('ul', { class: 'documents' })
  const more = h('button', { type: 'button', class: 'text-button', onclick: handlers.more }, 'Show more')
  const empty = h('p', { class: 'documents-empty' }, 'Your documents will be listed here.')
  const element = h('nav', { class: 'documents-area', 'aria-label': 'Documents' }, list, more, empty)
  let shown = ''

  const show = ({ documents, activeId, hasMore }: DocumentListState): void => {
    more.hidden = !hasMore
    empty.hidden = documents.length > 0
    const items = documents.map((document) => ({ document, time: relativeTime(document.updated_at) }))
    const signature = JSON.stringify([
      activeId,
      items.map(({ document: { id, title, role }, time }) => [id, title, role, time]),
    ])
    // A list that is drawn anew under the keyboard loses the focus: only when something one sees has changed.
    if (signature === shown) return
    shown = signature
    const focused = (document.activeElement?.closest('[data-id]') as HTMLElement | null)?.dataset['id']
    list.replaceChildren(...items.map(({ document, time }) => item(document, time, document.id === activeId, handlers)))
    if (focused) list.querySelector<HTMLElement>(`[data-id="${CSS.escape(focused)}"] a`)?.focus()
  }
  return { element, show }
}

function item(document: DocumentSummary, time: string, active: boolean, handlers: DocumentListHandlers): HTMLElement {
  const title = document.title || 'Untitled'
  const options = h(
    'button',
    {
      type: 'button',
      class: 'icon-button document-menu',
      title: 'Options',
      'aria-label': `Options of ${title}`,
      'aria-haspopup': 'menu',
    },
    icon('more'),
  )
  options.addEventListener('click', () => {
    openMenu(options, [{ label: 'Delete', icon: 'trash', danger: true, run: () => handlers.remove(document) }])
  })
  const mayDelete = document.role === undefined || !['viewer', 'commenter'].includes(document.role)
  return h(
    'li',
    { 'data-testid': 'document-item', 'data-id': document.id, class: active ? 'document active' : 'document' },
    h(
      'a',
      { href: addressOf(document.id), title, 'aria-current': active ? 'page' : null },
      h('span', { class: 'document-title' }, title),
      h('time', { datetime: document.updated_at }, time),
    ),
    mayDelete && options,
  )
}
