import type { Api } from './api.ts'
import { h } from './dom.ts'
import { icon } from './icons.ts'
import type { LiveDocument } from './live-document.ts'
import { explain } from './problem.ts'

const AFTER_EDIT_MS = 1200

/** The document as Markdown, as every other program gets it; follows the edits of all. */
export function markdownView(api: Api, live: LiveDocument): { element: HTMLElement; destroy: () => void } {
  const text = h('pre', { class: 'markdown-text', 'data-testid': 'markdown', tabindex: '0', 'aria-label': 'Markdown' })
  const label = h('span', {}, 'Copy')
  const copy = h('button', { type: 'button', class: 'button quiet' }, icon('copy'), label)
  const path = `GET /api/v1/documents/${live.id}/content`
  const element = h(
    'section',
    { class: 'markdown' },
    h('header', { class: 'markdown-header' }, h('code', { title: path }, path), copy),
    text,
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  let changedAt = 0

  const load = async (): Promise<void> => {
    timer = undefined
    const startedAt = Date.now()
    try {
      text.textContent = await api.markdown(live.id)
      text.classList.toggle('markdown-empty', text.textContent === '')
    } catch (error) {
      if (text.textContent === '') text.textContent = explain(error)
    }
    // The server may still have been writing down what was typed last.
    if (changedAt > startedAt - AFTER_EDIT_MS) later()
  }
  const later = (): void => {
    timer ??= setTimeout(() => void load(), AFTER_EDIT_MS)
  }
  const changed = (): void => {
    changedAt = Date.now()
    later()
  }
  copy.addEventListener('click', () => {
    navigator.clipboard
      .writeText(text.textContent)
      .then(() => {
        label.textContent = 'Copied'
        setTimeout(() => {
          label.textContent = 'Copy'
        }, 1500)
      })
      // Without the permission (or https) the text is at least selected.
      .catch(() => getSelection()?.selectAllChildren(text))
  })
  live.doc.on('update', changed)
  void load()
  return {
    element,
    destroy: () => {
      clearTimeout(timer)
      live.doc.off('update', changed)
    },
  }
}
