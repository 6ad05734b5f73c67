import { personColor } from '@mdcreator/shared/person-color'
import { avatar } from './avatar.ts'
import type { Demo } from './demo.ts'
import { h } from './dom.ts'
import { field } from './field.ts'
import { explain } from './problem.ts'
import type { Session } from './session.ts'

export interface SignInOptions {
  session: Session
  demo: Demo | null
  message?: string
  /** `demoPerson` counts from 1. */
  done: (demoPerson: number | null) => void
}

type Mode = 'sign-in' | 'sign-up' | 'verify'

const texts: Record<Mode, { heading: string; button: string; other: string }> = {
  'sign-in': { heading: 'Sign in', button: 'Sign in', other: 'Create an account' },
  'sign-up': { heading: 'Create your account', button: 'Sign up', other: 'I have an account' },
  verify: { heading: 'Check your mail', button: 'Confirm', other: 'Back' },
}

/** Sign-in, sign-up and the code that some servers send by mail. */
export function signIn({ session, demo, message, done }: SignInOptions): HTMLElement {
  let mode: Mode = 'sign-in'
  const name = field('display-name', 'Name', 'text', 'name')
  const email = field('email', 'E-mail', 'email', 'email')
  const password = field('password', 'Password', 'password', 'current-password')
  const code = field('code', 'The 6 digits we sent you', 'text', 'one-time-code')
  const heading = h('h2', {})
  const complaint = h('p', { class: 'complaint', role: 'alert', 'data-testid': 'sign-in-error' })
  const submit = h('button', { type: 'submit', class: 'button primary', 'data-testid': 'sign-in-submit' })
  const other = h('button', { type: 'button', class: 'text-button', 'data-testid': 'sign-in-other' })

  const show = (next: Mode): void => {
    mode = next
    const shown = { 'sign-in': [email, password], 'sign-up': [name, email, password], verify: [code] }[mode]
    for (const each of [name, email, password, code]) {
      each.element.hidden = !shown.includes(each)
      each.input.required = shown.includes(each)
    }
    password.input.autocomplete = mode === 'sign-up' ? 'new-password' : 'current-password'
    heading.textContent = texts[mode].heading
    submit.textContent = texts[mode].button
    other.textContent = texts[mode].other
    complaint.textContent = ''
    shown[0]?.input.focus()
  }
  const act = async (): Promise<boolean> => {
    if (mode === 'verify') await session.verifyEmail(email.input.value.trim(), code.input.value.trim())
    else if (mode === 'sign-in') await session.signIn(email.input.value.trim(), password.input.value)
    else if (await session.signUp(email.input.value.trim(), password.input.value, name.input.value.trim())) {
      show('verify')
      return false
    }
    return true
  }
  const run = async (action: () => Promise<boolean>, person: number | null): Promise<void> => {
    submit.disabled = true
    complaint.textContent = ''
    try {
      if (await action()) done(person)
    } catch (error) {
      complaint.textContent = explain(error)
    } finally {
      submit.disabled = false
    }
  }
  const form = h(
    'form',
    {
      class: 'card sign-in',
      'data-testid': 'sign-in',
      onsubmit: (event: Event) => {
        event.preventDefault()
        void run(act, null)
      },
    },
    h('div', { class: 'brand' }, h('span', { class: 'logo', 'aria-hidden': 'true' }), 'MD Creator'),
    message ? h('p', { class: 'sign-in-message' }, message) : null,
    demo && people(demo, (index) => void run(() => signInAs(session, demo, index), index)),
    heading,
    name.element,
    email.element,
    password.element,
    code.element,
    complaint,
    submit,
    other,
  )
  other.addEventListener('click', () => show(mode === 'sign-in' ? 'sign-up' : 'sign-in'))
  queueMicrotask(() => show('sign-in'))
  return form
}

/** Signs in as a demo person, counted from 1. */
export async function signInAs(session: Session, demo: Demo, index: number): Promise<true> {
  const person = demo.people[index - 1] ?? demo.people[0]
  if (person) await session.signIn(person.email, person.password)
  return true
}

function people(demo: Demo, choose: (index: number) => void): HTMLElement {
  const buttons = demo.people.map((person, index) =>
    h(
      'button',
      { type: 'button', class: 'button person', 'data-testid': 'demo-person', onclick: () => choose(index + 1) },
      avatar(person.display_name, personColor(person.email)),
      person.display_name,
    ),
  )
  return h(
    'div',
    { class: 'demo-people' },
    h('h2', {}, 'Look around as'),
    ...buttons,
    h('p', { class: 'divider' }, 'or with an account of your own'),
  )
}
