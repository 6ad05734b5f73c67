import type { HocuspocusProvider } from '@hocuspocus/provider'
import { avatar } from './avatar.ts'
import { h } from './dom.ts'

interface Present {
  key: string
  name: string
  colour: string
  self: boolean
}

const SHOWN = 5

/** The people in the document, one disc each however many windows they have open. */
export function presence(provider: HocuspocusProvider): { element: HTMLElement; destroy: () => void } {
  const element = h('ul', { class: 'presence', 'aria-label': 'People in this document' })
  let shown = ''
  const update = (): void => {
    const people = peopleIn(provider)
    const signature = JSON.stringify(people)
    if (signature === shown) return
    shown = signature
    element.replaceChildren(...people.slice(0, SHOWN).map(entry))
    if (people.length > SHOWN) {
      const names = people.slice(SHOWN).map(({ name }) => name)
      element.append(h('li', { class: 'presence-more', title: names.join(', ') }, `+${people.length - SHOWN}`))
    }
  }
  provider.awareness?.on('change', update)
  update()
  return { element, destroy: () => provider.awareness?.off('change', update) }
}

function entry({ name, colour, self }: Present): HTMLElement {
  const label = self ? `${name} (you)` : name
  const attributes = { 'data-testid': 'presence-person', title: label, 'aria-label': label, 'data-name': name }
  return h('li', attributes, avatar(name, colour))
}

function peopleIn(provider: HocuspocusProvider): Present[] {
  const people = new Map<string, Present>()
  for (const [clientId, state] of provider.awareness?.getStates() ?? []) {
    const user = state['user'] as { id?: unknown; name?: unknown; color?: unknown } | undefined
    if (typeof user?.name !== 'string') continue
    const self = clientId === provider.document.clientID
    const key = typeof user.id === 'string' ? user.id : user.name
    if (self || !people.has(key)) {
      people.set(key, {
        key,
        name: user.name,
        colour: String(user.color),
        self: self || people.get(key)?.self === true,
      })
    }
  }
  return [...people.values()].sort((a, b) => Number(b.self) - Number(a.self) || a.name.localeCompare(b.name))
}
