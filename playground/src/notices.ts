import { h } from './dom.ts'
import { icon } from './icons.ts'
import { explain } from './problem.ts'

interface NoticeAction {
  label: string
  run: () => void
}

const SHOWN_MS = 8000

/** A short message in the corner, read out by screen readers; with an action it can be undone or retried. */
export function notify(text: string, action?: NoticeAction): void {
  const close = (): void => notice.remove()
  const run = (): void => {
    close()
    action?.run()
  }
  const notice = h(
    'div',
    { class: 'notice', 'data-testid': 'notice' },
    h('span', {}, text),
    action && h('button', { type: 'button', class: 'notice-action', onclick: run }, action.label),
    h('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss', onclick: close }, icon('close')),
  )
  const same = [...noticeList().children].find((other) => other.firstChild?.textContent === text)
  same?.remove()
  noticeList().append(notice)
  setTimeout(close, SHOWN_MS)
}

/** Runs an action of the user and shows what went wrong, if anything. */
export function attempt(action: () => Promise<void>): void {
  action().catch((error: unknown) => notify(explain(error)))
}

function noticeList(): HTMLElement {
  return document.getElementById('notices') as HTMLElement
}
