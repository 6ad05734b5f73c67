import type { Api } from './api.ts'
import { h } from './dom.ts'
import { field } from './field.ts'
import { explain } from './problem.ts'

/** The first thing a new account needs. */
export function workspaceForm(api: Api, done: () => void): HTMLElement {
  const name = field('workspace-name', 'Name of your workspace', 'text', 'organization')
  name.input.required = true
  const complaint = h('p', { class: 'complaint', role: 'alert' })
  const create = async (event: Event): Promise<void> => {
    event.preventDefault()
    try {
      await api.createWorkspace(name.input.value.trim())
      done()
    } catch (error) {
      complaint.textContent = explain(error)
    }
  }
  return h(
    'form',
    { class: 'card', onsubmit: (event: Event) => void create(event) },
    h('div', { class: 'brand' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'MD Creator'),
    h('h2', {}, 'Where your team writes'),
    h('p', { class: 'sign-in-message' }, 'Documents live in a workspace. You can invite others to it later.'),
    name.element,
    complaint,
    h('button', { type: 'submit', class: 'button primary' }, 'Create workspace'),
  )
}
