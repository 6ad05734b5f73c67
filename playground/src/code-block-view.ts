import type { Node } from '@tiptap/pm/model'
import type { EditorView, NodeView } from '@tiptap/pm/view'
import { h } from './dom.ts'

/** How the server writes front matter into the document: a code block that is the first block. */
const FRONT_MATTER = 'front-matter'

/** A code block with its language in the corner, where it can be changed. */
export function codeBlockView(node: Node, view: EditorView, getPos: () => number | undefined): NodeView {
  const code = h('code', { spellcheck: 'false' })
  const language = h('input', {
    class: 'code-language',
    type: 'text',
    placeholder: 'language',
    'aria-label': 'Language of the code block',
    spellcheck: 'false',
    autocomplete: 'off',
    size: 10,
  })
  const label = h('div', { class: 'code-label', contenteditable: 'false' }, language)
  const dom = h('div', { class: 'code-block' }, label, h('pre', {}, code))

  const show = (shown: Node): void => {
    const name = typeof shown.attrs['language'] === 'string' ? shown.attrs['language'] : ''
    const isFrontMatter = name === FRONT_MATTER
    dom.dataset['language'] = name
    language.value = isFrontMatter ? 'Front matter' : name
    language.readOnly = isFrontMatter || !view.editable
    code.className = name === '' ? '' : `language-${name}`
  }
  const apply = (): void => {
    const position = getPos()
    if (position === undefined || language.readOnly || !view.editable) return
    const name = language.value.trim().replaceAll(/[\s`]+/g, '-')
    const present = view.state.doc.nodeAt(position)?.attrs['language'] ?? ''
    if (name !== present) view.dispatch(view.state.tr.setNodeAttribute(position, 'language', name || null))
  }
  language.addEventListener('change', apply)
  language.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== 'Escape') return
    event.preventDefault()
    apply()
    view.focus()
  })
  show(node)
  return {
    dom,
    contentDOM: code,
    update(next) {
      if (next.type !== node.type) return false
      show(next)
      return true
    },
    stopEvent: (event) => label.contains(event.target as HTMLElement),
    ignoreMutation: (mutation) => mutation.type !== 'selection' && !code.contains(mutation.target),
  }
}
