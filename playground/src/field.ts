import { h } from './dom.ts'

export interface Field {
  element: HTMLElement
  input: HTMLInputElement
}

/** A labelled input; `name` is also its test id. */
export function field(name: string, label: string, type: string, autocomplete: string): Field {
  const input = h('input', { type, name, autocomplete, 'data-testid': name })
  return { element: h('label', { class: 'field' }, h('span', {}, label), input), input }
}
