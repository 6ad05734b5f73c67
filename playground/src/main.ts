import 'katex/dist/katex.min.css'
import { createApi } from './api.ts'
import { App } from './app.ts'
import { askedPerson, type Demo, fetchDemo, personOfTab } from './demo.ts'
import { h } from './dom.ts'
import { attempt, notify } from './notices.ts'
import { ApiError, explain, SignedOutError } from './problem.ts'
import { Session } from './session.ts'
import { signIn, signInAs } from './sign-in.ts'
import type { Person } from './types.ts'
import { workspaceForm } from './workspace-form.ts'

const RETRY_MS = 3000

const root = document.getElementById('app') as HTMLElement
const session = new Session()
const api = createApi(session)
let demo: Demo | null = null
let running: { app: App; person: Person } | null = null

async function start(): Promise<void> {
  demo = await fetchDemo()
  session.onEnded = () => attempt(sessionEnded)
  const asked = askedPerson()
  const index = asked ?? personOfTab.get() ?? 1
  // A second window as another person must not take over the first one's session.
  if (demo && asked !== null && asked !== personOfTab.get()) session.forget()
  try {
    if (!session.stored && demo) {
      await signInAs(session, demo, index)
      personOfTab.set(index)
    }
    if (!session.stored) return showSignIn()
    await showApp()
  } catch (error) {
    if (error instanceof SignedOutError) return
    if (error instanceof ApiError && error.status < 500 && error.status !== 429) return showSignIn(explain(error))
    showWaiting(explain(error))
  }
}

async function showApp(): Promise<void> {
  const [person, workspaces] = await Promise.all([api.me(), api.workspaces()])
  const [first, ...others] = workspaces
  running?.app.destroy()
  running = null
  if (!first) return show(centred(workspaceForm(api, () => attempt(showApp))))
  const position = demo?.people.findIndex(({ email }) => email === person.email) ?? -1
  const app = new App({
    api,
    session,
    person,
    workspaces: [first, ...others],
    preferredWorkspace: demo?.workspace_id ?? null,
    demo: demo && position >= 0 ? { demo, index: position + 1 } : null,
    signOut,
  })
  running = { app, person }
  show(app.element)
  await app.start()
}

function showSignIn(message?: string): void {
  const done = (index: number | null): void => {
    personOfTab.set(index)
    attempt(showApp)
  }
  show(centred(signIn({ session, demo, done, ...(message === undefined ? {} : { message }) })))
}

function showWaiting(text: string): void {
  const card = h('div', { class: 'card waiting', role: 'status' }, h('span', { class: 'spinner' }), h('p', {}, text))
  show(centred(card))
  setTimeout(() => void start(), RETRY_MS)
}

async function signOut(): Promise<void> {
  const leaving = session.signOut()
  running?.app.destroy()
  running = null
  personOfTab.set(null)
  history.replaceState(null, '', location.pathname)
  showSignIn()
  await leaving.catch((error: unknown) => notify(`Signed out here. ${explain(error)}`))
}

/** The server no longer knows the session. The page stays as it is, with its edits, behind the form. */
async function sessionEnded(): Promise<void> {
  const index = personOfTab.get()
  if (demo && index !== null) {
    await signInAs(session, demo, index)
    return running ? running.app.reconnect() : await showApp()
  }
  if (!running) return showSignIn('Your session has ended. Please sign in again.')
  const message = 'Your session has ended. Sign in again: your edits are kept in this tab.'
  const dialog = h('dialog', { class: 'sign-in-dialog', oncancel: (event: Event) => event.preventDefault() })
  const done = (): void => {
    dialog.remove()
    attempt(resume)
  }
  dialog.append(signIn({ session, demo, message, done }))
  document.body.append(dialog)
  dialog.showModal()
}

async function resume(): Promise<void> {
  const person = await api.me()
  if (running?.person.id === person.id) running.app.reconnect()
  else await showApp()
}

function centred(...children: HTMLElement[]): HTMLElement {
  return h('div', { class: 'centred' }, ...children)
}

function show(element: HTMLElement): void {
  root.replaceChildren(element)
}

void start()
