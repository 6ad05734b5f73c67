import { h } from './dom.ts'
import { icon } from './icons.ts'
import type { LiveDocument } from './live-document.ts'

type State = 'saving' | 'saved' | 'offline'

const SETTLE_MS = 350

/** "Saved" means stored on the server's disk: the server acknowledges an edit only then. */
export function saveState(live: LiveDocument): { element: HTMLElement; destroy: () => void } {
  const mark = h('span', { class: 'save-mark' })
  const text = h('span', { class: 'save-text' })
  const element = h('div', { class: 'save-state', 'data-testid': 'save-state' }, mark, text)
  let settling: ReturnType<typeof setTimeout> | undefined

  const show = (state: State, label: string): void => {
    if (text.textContent === label && element.dataset['state'] === state) return
    element.dataset['state'] = state
    // Read out when it matters only, not after every word.
    element.setAttribute('aria-live', state === 'offline' ? 'polite' : 'off')
    element.title = state === 'saved' ? 'Every edit is stored on the server' : label
    text.textContent = label
    mark.replaceChildren(...(state === 'saving' ? [] : [icon(state === 'saved' ? 'check' : 'offline')]))
  }
  const update = (): void => {
    clearTimeout(settling)
    if (!live.opened) show('saving', live.trouble === null ? 'Opening…' : 'Connecting…')
    else if (!live.connected) show('offline', live.unsaved ? 'Offline – edits are kept in this tab' : 'Offline')
    else if (live.unsaved) show('saving', 'Saving…')
    // Held back a moment while one types, so that the mark does not flicker. Late is honest, early would not be.
    else settling = setTimeout(() => show('saved', live.readOnly ? 'Up to date' : 'Saved'), SETTLE_MS)
  }
  const unsubscribe = live.subscribe(update)
  update()
  return {
    element,
    destroy: () => {
      clearTimeout(settling)
      unsubscribe()
    },
  }
}
