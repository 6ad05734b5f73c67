import type { Api } from './api.ts'
import { h } from './dom.ts'
import { attempt } from './notices.ts'
import type { DocumentSummary } from './types.ts'

const SAVE_AFTER_MS = 700
const LONGEST = 200

export interface Title {
  element: HTMLInputElement
  /** The name somebody else has given the document; ignored while one types a name here. */
  receive: (title: string) => void
  setReadOnly: (readOnly: boolean) => void
  destroy: () => void
}

/** The title, edited where it stands. */
export function titleField(
  api: Api,
  summary: DocumentSummary,
  handlers: { renamed: (document: DocumentSummary) => void; done: () => void },
): Title {
  const element = h('input', {
    class: 'title',
    'data-testid': 'title',
    type: 'text',
    autocomplete: 'off',
    maxlength: LONGEST,
    placeholder: 'Untitled',
    'aria-label': 'Title',
    spellcheck: 'true',
  })
  let stored = summary.title
  let timer: ReturnType<typeof setTimeout> | undefined

  const save = (): void => {
    clearTimeout(timer)
    timer = undefined
    const title = element.value.trim()
    if (title === '' || title === stored) return
    attempt(async () => {
      const document = await api.renameDocument(summary.id, title)
      stored = document.title
      handlers.renamed(document)
    })
  }
  const show = (title: string): void => {
    element.value = title
  }
  element.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(save, SAVE_AFTER_MS)
  })
  element.addEventListener('blur', () => {
    save()
    if (element.value.trim() === '') show(stored)
  })
  element.addEventListener('keydown', (event) => {
    if (event.isComposing || (event.key !== 'Enter' && event.key !== 'ArrowDown')) return
    event.preventDefault()
    handlers.done()
  })
  show(summary.title)
  return {
    element,
    receive: (title) => {
      if (timer !== undefined || document.activeElement === element || title === stored) return
      stored = title
      show(title)
    },
    setReadOnly: (readOnly) => {
      element.readOnly = readOnly
    },
    destroy: () => {
      if (timer !== undefined) save()
    },
  }
}
