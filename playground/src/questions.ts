import type { Editor } from '@tiptap/core'
import type { Node } from '@tiptap/pm/model'
import { ask } from './popover-form.ts'
import { isSafeImage, safeLink } from './safe-url.ts'

/** Asks for the address of the link at the selection, or for a new one. */
export function askForLink(editor: Editor): void {
  const present = editor.getAttributes('link')['href'] as string | undefined
  const chain = () => editor.chain().focus().extendMarkRange('link')
  const visit = present && safeLink(present) === present ? { visit: present } : {}
  ask(
    {
      label: 'Link',
      value: present ?? '',
      placeholder: 'https://example.com',
      submitLabel: 'Apply',
      ...visit,
      ...(present === undefined ? {} : { remove: () => chain().unsetLink().run() }),
      submit: (answer) => {
        const href = safeLink(answer)
        if (href === null) return 'Links start with http://, https:// or mailto:.'
        if (editor.state.selection.empty && present === undefined) insertLinkText(editor, href)
        else chain().setLink({ href }).run()
        return null
      },
    },
    selectionBox(editor),
  )
}

export function askForImage(editor: Editor): void {
  ask(
    {
      label: 'Image address',
      value: '',
      placeholder: 'https://example.com/picture.png',
      submitLabel: 'Insert',
      submit: (answer) => {
        if (!isSafeImage(answer)) return 'Images load from https:// addresses.'
        editor.chain().focus().setImage({ src: answer }).run()
        return null
      },
    },
    selectionBox(editor),
  )
}

export function askForMath(editor: Editor): void {
  ask(
    {
      label: 'Formula (LaTeX)',
      value: '',
      placeholder: 'e^{i\\pi} + 1 = 0',
      submitLabel: 'Insert',
      multiline: true,
      submit: (latex) => {
        if (latex === '') return 'Type a formula.'
        const alone = editor.state.selection.$from.parent.content.size === 0
        if (alone) editor.chain().focus().insertBlockMath({ latex }).run()
        else editor.chain().focus().insertInlineMath({ latex }).run()
        return null
      },
    },
    selectionBox(editor),
  )
}

/** Edits the formula that was clicked. */
export function editMath(editor: Editor, node: Node, position: number): void {
  if (!editor.isEditable) return
  const dom = editor.view.nodeDOM(position)
  const still = (): boolean => editor.state.doc.nodeAt(position)?.eq(node) === true
  ask(
    {
      label: 'Formula (LaTeX)',
      value: node.attrs['latex'] as string,
      placeholder: 'e^{i\\pi} + 1 = 0',
      submitLabel: 'Apply',
      multiline: true,
      remove: () => {
        if (still()) editor.view.dispatch(editor.state.tr.delete(position, position + node.nodeSize))
      },
      submit: (latex) => {
        if (latex === '') return 'Type a formula, or remove it.'
        if (!still()) return 'Somebody changed the document here meanwhile. Close this and try again.'
        editor.view.dispatch(editor.state.tr.setNodeAttribute(position, 'latex', latex))
        return null
      },
    },
    dom instanceof HTMLElement ? dom.getBoundingClientRect() : selectionBox(editor),
  )
}

function insertLinkText(editor: Editor, href: string): void {
  const text = href.replace(/^(https?:\/\/|mailto:)/, '')
  editor
    .chain()
    .focus()
    .insertContent({ type: 'text', text, marks: [{ type: 'link', attrs: { href } }] })
    .run()
}

function selectionBox(editor: Editor): DOMRect {
  const { from, to } = editor.state.selection
  const start = editor.view.coordsAtPos(from)
  const end = editor.view.coordsAtPos(to)
  return new DOMRect(start.left, start.top, Math.max(0, end.right - start.left), end.bottom - start.top)
}
