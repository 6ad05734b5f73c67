import { h } from './dom.ts'

interface EmptyState {
  heading: string
  text: string
  action?: { label: string; run: () => void }
  sidebarButton?: HTMLElement
}

/** What stands where a document would, when there is none. */
export function emptyState({ heading, text, action, sidebarButton }: EmptyState): HTMLElement {
  return h(
    'main',
    { class: 'page empty', 'data-testid': 'empty' },
    h('header', { class: 'page-header' }, sidebarButton),
    h(
      'div',
      { class: 'empty-body' },
      h('span', { class: 'empty-drawing', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'), h('i')),
      h('h2', {}, heading),
      h('p', {}, text),
      action && h('button', { type: 'button', class: 'button primary', onclick: action.run }, action.label),
    ),
  )
}
