import { personColor } from '@mdcreator/shared/person-color'
import type { Editor } from '@tiptap/core'
import type { Api } from './api.ts'
import { banner } from './banner.ts'
import { h } from './dom.ts'
import { createEditor, focusEnd, focusStart } from './editor.ts'
import { icon } from './icons.ts'
import type { LiveDocument } from './live-document.ts'
import { markdownView } from './markdown-view.ts'
import { presence } from './presence.ts'
import { saveState } from './save-state.ts'
import { titleField } from './title.ts'
import { toolbar } from './toolbar.ts'
import type { DocumentSummary, Person } from './types.ts'

export interface DocumentPage {
  element: HTMLElement
  /** Takes over what the list knows now. */
  receive: (summary: DocumentSummary) => void
  destroy: () => void
}

export interface DocumentPageOptions {
  api: Api
  live: LiveDocument
  summary: DocumentSummary
  person: Person
  /** Opens this document as somebody else; null where there are no demo people. */
  secondPerson: { name: string; href: string } | null
  /** The name is new and asks to be typed over. */
  isNew: boolean
  sidebarButton: () => HTMLElement
  renamed: (document: DocumentSummary) => void
  ended: (live: LiveDocument) => void
}

/** One document: header, toolbar, title and text. */
export function documentPage(options: DocumentPageOptions): DocumentPage {
  const { api, live, summary, person, secondPerson } = options
  const save = saveState(live)
  const people = presence(live.provider)
  const notice = banner(live)
  const tools = h('div', { class: 'tools' })
  const body = h('div', { class: 'body' }, skeleton())
  const title = titleField(api, summary, { renamed: options.renamed, done: () => editor && focusStart(editor) })
  const sheet = h('article', { class: 'sheet' }, body)
  const toggle = h('button', { type: 'button', class: 'button quiet toggle', 'aria-pressed': 'false' }, 'Markdown')
  const header = h(
    'header',
    { class: 'page-header' },
    options.sidebarButton(),
    h('div', { class: 'heading' }, title.element, save.element),
    people.element,
    secondPerson && secondPersonLink(secondPerson),
    toggle,
  )
  let editor: Editor | null = null
  let markdown: ReturnType<typeof markdownView> | null = null

  const mount = (): Editor => {
    const author = { name: person.display_name, color: personColor(person.id) }
    const mounted = createEditor(live, author, !live.readOnly)
    body.replaceChildren(mounted.options.element as HTMLElement)
    tools.replaceChildren(toolbar(mounted))
    body.addEventListener('mousedown', (event) => {
      if (event.target !== body || !mounted.isEditable) return
      event.preventDefault()
      focusEnd(mounted)
    })
    if (options.isNew) title.element.select()
    return mounted
  }
  const update = (): void => {
    notice.update()
    if (live.ended) {
      editor?.setEditable(false)
      options.ended(live)
      return
    }
    if (live.opened) editor ??= mount()
    if (editor && editor.isEditable === live.readOnly) editor.setEditable(!live.readOnly)
    title.setReadOnly(live.readOnly)
    tools.hidden = live.readOnly || editor === null || markdown !== null
  }
  toggle.addEventListener('click', () => {
    markdown?.destroy()
    markdown?.element.remove()
    markdown = markdown === null ? markdownView(api, live) : null
    if (markdown) sheet.append(markdown.element)
    body.hidden = markdown !== null
    toggle.setAttribute('aria-pressed', String(markdown !== null))
    update()
  })
  const unsubscribe = live.subscribe(update)
  update()
  return {
    element: h('main', { class: 'page' }, header, tools, notice.element, h('div', { class: 'scroll' }, sheet)),
    receive: (next) => title.receive(next.title),
    destroy: () => {
      unsubscribe()
      // Their buttons act on an editor that is about to go.
      for (const open of document.querySelectorAll<HTMLElement>('.popover:popover-open')) open.hidePopover()
      title.destroy()
      save.destroy()
      people.destroy()
      markdown?.destroy()
      editor?.destroy()
    },
  }
}

function secondPersonLink({ name, href }: { name: string; href: string }): HTMLElement {
  const label = `Open in a second window as ${name}`
  const attributes = { class: 'button quiet', href, target: '_blank', rel: 'noopener', title: label }
  return h('a', { ...attributes, 'data-testid': 'second-person', 'aria-label': label }, icon('open'), `Open as ${name}`)
}

function skeleton(): HTMLElement {
  const lines = ['92%', '100%', '78%', '88%', '40%'].map((width) => {
    const line = h('span', {})
    line.style.width = width
    return line
  })
  return h('div', { class: 'skeleton', 'aria-label': 'Opening the document' }, ...lines)
}
