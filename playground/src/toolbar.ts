import type { Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { icon } from './icons.ts'
import { keysForPeople, type ToolbarItem, tableActions, toolbarGroups } from './toolbar-items.ts'

type Level = 1 | 2 | 3 | 4

/** The formatting buttons. One tab stop, arrow keys within (WAI-ARIA toolbar pattern). */
export function toolbar(editor: Editor): HTMLElement {
  const style = styleMenu(editor)
  const bar = h('div', { class: 'toolbar', role: 'toolbar', 'aria-label': 'Formatting' }, style.element)
  const updates = [style.update]
  for (const group of toolbarGroups) {
    const buttons = group.map((item) => itemButton(editor, item))
    bar.append(h('span', { class: 'toolbar-group' }, ...buttons.map(({ element }) => element)))
    updates.push(...buttons.map(({ update }) => update))
  }
  const tables = tableMenu(editor)
  const update = (): void => {
    for (const updateOne of updates) updateOne()
    tables.hidden = !editor.isActive('table')
  }
  editor.on('transaction', update)
  update()
  makeRoving(bar)
  return h('div', { class: 'toolbar-area' }, bar, tables)
}

function itemButton(editor: Editor, item: ToolbarItem): { element: HTMLButtonElement; update: () => void } {
  const title = item.keys ? `${item.label} (${keysForPeople(item.keys)})` : item.label
  const element = h(
    'button',
    { type: 'button', class: 'icon-button', title, 'aria-label': item.label, onclick: () => item.run(editor) },
    icon(item.icon),
  )
  // The selection stays in the text.
  element.addEventListener('mousedown', (event) => event.preventDefault())
  const update = (): void => {
    if (item.active) element.setAttribute('aria-pressed', String(item.active(editor)))
    // aria-disabled, not disabled: a button that has the focus must not lose it.
    if (item.enabled) element.setAttribute('aria-disabled', String(!item.enabled(editor)))
  }
  return { element, update }
}

function styleMenu(editor: Editor): { element: HTMLElement; update: () => void } {
  const select = h(
    'select',
    { class: 'style-select', title: 'Paragraph style', 'aria-label': 'Paragraph style' },
    h('option', { value: '0' }, 'Text'),
    h('option', { value: '1' }, 'Heading 1'),
    h('option', { value: '2' }, 'Heading 2'),
    h('option', { value: '3' }, 'Heading 3'),
    h('option', { value: '4' }, 'Heading 4'),
  )
  select.addEventListener('change', () => {
    const level = Number(select.value)
    const chain = editor.chain().focus()
    if (level === 0) chain.setParagraph().run()
    else chain.setHeading({ level: level as Level }).run()
  })
  const update = (): void => {
    const level = editor.isActive('heading') ? Number(editor.getAttributes('heading')['level']) : 0
    select.value = String(Math.min(level, 4))
  }
  return { element: select, update }
}

function tableMenu(editor: Editor): HTMLElement {
  const buttons = tableActions.map(({ label, run }) => {
    const button = h('button', { type: 'button', class: 'text-button', onclick: () => run(editor) }, label)
    button.addEventListener('mousedown', (event) => event.preventDefault())
    return button
  })
  const bar = h('div', { class: 'table-bar', role: 'toolbar', 'aria-label': 'Table' }, ...buttons)
  makeRoving(bar)
  return bar
}

function makeRoving(bar: HTMLElement): void {
  const stops = [...bar.querySelectorAll<HTMLElement>('button, select')]
  const focusable = (target: HTMLElement): void => {
    for (const stop of stops) stop.tabIndex = stop === target ? 0 : -1
  }
  if (stops[0]) focusable(stops[0])
  bar.addEventListener('focusin', (event) => focusable(event.target as HTMLElement))
  bar.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const next = stops.indexOf(event.target as HTMLElement) + step
    stops[(next + stops.length) % stops.length]?.focus()
  })
}
