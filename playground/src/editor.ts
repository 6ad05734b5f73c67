import { Editor } from '@tiptap/core'
import { h } from './dom.ts'
import { type Author, editorExtensions } from './editor-extensions.ts'
import type { LiveDocument } from './live-document.ts'
import { askForLink, editMath } from './questions.ts'
import { safeLink } from './safe-url.ts'

/**
 * The rich text of a document whose content has arrived. What is shown comes from the Yjs document alone; the editor
 * never sets content by itself.
 */
export function createEditor(live: LiveDocument, author: Author, editable: boolean): Editor {
  const element = h('div', { class: 'editor' })
  const editor = new Editor({
    element,
    editable,
    extensions: editorExtensions(live, author, (node, position) => editMath(editor, node, position)),
    editorProps: {
      attributes: {
        'data-testid': 'editor',
        class: 'prose',
        role: 'textbox',
        'aria-multiline': 'true',
        'aria-label': 'Document',
        spellcheck: 'true',
      },
      handleKeyDown: (_view, event) => {
        if (!(event.metaKey || event.ctrlKey) || event.shiftKey || event.key.toLowerCase() !== 'k') return false
        event.preventDefault()
        askForLink(editor)
        return true
      },
      handleClick: (_view, _position, event) => openLink(event, editor.isEditable),
    },
  })
  return editor
}

/** TipTap moves the focus in the next frame: what is typed until then would go elsewhere. */
export function focusStart(editor: Editor): void {
  editor.commands.focus('start')
  editor.view.focus()
}

/** Puts the caret at the end; adds a paragraph where the last block takes no text. */
export function focusEnd(editor: Editor): void {
  const last = editor.state.doc.lastChild
  if (last?.type.name === 'paragraph' || last?.type.name === 'heading') editor.commands.focus('end')
  else editor.chain().insertContentAt(editor.state.doc.content.size, { type: 'paragraph' }).focus('end').run()
}

function openLink(event: MouseEvent, editable: boolean): boolean {
  if (editable && !event.metaKey && !event.ctrlKey) return false
  const href = (event.target as HTMLElement).closest('a')?.getAttribute('href')
  if (!href || safeLink(href) !== href) return false
  event.preventDefault()
  window.open(href, '_blank', 'noopener,noreferrer')
  return true
}
