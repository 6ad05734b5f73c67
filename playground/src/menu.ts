import { h } from './dom.ts'
import { type IconName, icon } from './icons.ts'
import { openPopover } from './popover.ts'

export interface MenuItem {
  label: string
  icon: IconName
  danger?: boolean
  run: () => void
}

/** A menu under a button, with arrow keys. */
export function openMenu(anchor: HTMLElement, items: MenuItem[]): void {
  const menu = h('div', { class: 'menu', role: 'menu' })
  for (const item of items) {
    const choose = (): void => {
      close()
      item.run()
    }
    const attributes = { type: 'button', role: 'menuitem', class: item.danger ? 'danger' : null, onclick: choose }
    menu.append(h('button', attributes, icon(item.icon), item.label))
  }
  menu.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const buttons = [...menu.querySelectorAll('button')]
    const next = (buttons.indexOf(document.activeElement as HTMLButtonElement) + step + buttons.length) % buttons.length
    buttons[next]?.focus()
  })
  const close = openPopover(menu, anchor.getBoundingClientRect())
  menu.querySelector('button')?.focus()
}
