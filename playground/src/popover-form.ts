import { h } from './dom.ts'
import { openPopover } from './popover.ts'

export interface Question {
  label: string
  value: string
  placeholder: string
  submitLabel: string
  multiline?: boolean
  /** Takes the answer, or says in one sentence why it cannot. */
  submit: (answer: string) => string | null
  remove?: () => void
  /** Where the present link leads. */
  visit?: string
}

/** Asks for one line (or a few) next to a place in the text. */
export function ask(question: Question, near: DOMRect): void {
  const { label, value, placeholder, multiline = false } = question
  const field = multiline
    ? h('textarea', { rows: 3, placeholder, spellcheck: 'false', 'aria-label': label })
    : h('input', { type: 'text', placeholder, spellcheck: 'false', 'aria-label': label })
  field.value = value
  const complaint = h('p', { class: 'complaint', role: 'alert' })
  const submit = (event: Event): void => {
    event.preventDefault()
    const wrong = question.submit(field.value.trim())
    complaint.textContent = wrong
    if (wrong === null) close()
  }
  const remove = (): void => {
    question.remove?.()
    close()
  }
  const form = h(
    'form',
    { class: 'popover-form', onsubmit: submit },
    h('span', { class: 'popover-label' }, label),
    field,
    complaint,
    h(
      'div',
      { class: 'popover-buttons' },
      question.visit !== undefined &&
        h('a', { class: 'button quiet', href: question.visit, target: '_blank', rel: 'noopener noreferrer' }, 'Open'),
      question.remove && h('button', { type: 'button', class: 'button quiet', onclick: remove }, 'Remove'),
      h('button', { type: 'submit', class: 'button primary' }, question.submitLabel),
    ),
  )
  field.addEventListener('keydown', (event) => {
    const enter = (event as KeyboardEvent).key === 'Enter'
    if (multiline && enter && !(event as KeyboardEvent).shiftKey) form.requestSubmit()
    if (multiline && enter && !(event as KeyboardEvent).shiftKey) event.preventDefault()
  })
  const close = openPopover(form, near)
  field.focus()
  field.select()
}
