import { h } from './dom.ts'
import { type IconName, icon } from './icons.ts'
import type { LiveDocument, Trouble } from './live-document.ts'

const troubles: Record<Trouble, string> = {
  restarting: 'The server is restarting. Reconnecting…',
  busy: 'Too many windows or changes at once. Trying again in a moment.',
  later: 'The server cannot take edits right now. Trying again…',
  gone: 'This document was deleted.',
  forbidden: 'You no longer have access to this document.',
  'too-large': 'A change is too large for the server. Copy what you need, then reload the page.',
  'out-of-step': 'The server could not take in the last edits. Copy what you need, then reload the page.',
}

/** The one line above the document that says what one cannot do with it now, or nothing. */
export function banner(live: LiveDocument): { element: HTMLElement; update: () => void } {
  const element = h('div', { class: 'banner', role: 'status', 'data-testid': 'banner', hidden: true })
  let shown = ''
  const show = (name: IconName, text: string, tone: string): void => {
    element.hidden = text === ''
    if (text === shown) return
    shown = text
    element.dataset['tone'] = tone
    element.replaceChildren(icon(name), text)
  }
  const update = (): void => {
    if (live.trouble !== null) show('offline', troubles[live.trouble], live.ended ? 'bad' : 'warn')
    else if (live.opened && live.readOnly && live.provider.hasUnsyncedChanges && live.connected)
      show('offline', 'You may only read this document now: the last edits in this tab were not stored.', 'bad')
    else if (live.readOnly) show('eye', 'You can read this document.', 'calm')
    else if (live.size === 'full' && live.provider.hasUnsyncedChanges)
      show(
        'offline',
        'This document is full: the last edits were not stored. Delete something, or go on in another one.',
        'bad',
      )
    else if (live.size !== null)
      show('offline', 'This document is almost as large as it may be. Go on in another one.', 'warn')
    else show('eye', '', 'calm')
  }
  return { element, update }
}
