import type { AnyExtension, Extensions } from '@tiptap/core'
import Image from '@tiptap/extension-image'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Mathematics } from '@tiptap/extension-mathematics'
import { TableKit } from '@tiptap/extension-table'
import StarterKit from '@tiptap/starter-kit'

/**
 * StarterKit, with a code mark that can stand beside the others. TipTap's excludes every mark, which would take the
 * link out of a linked code span and the bold out of a bold one; Markdown has both.
 */
const Kit = StarterKit.extend({
  addExtensions() {
    const kit: AnyExtension[] = this.parent?.() ?? []
    return kit.map((extension) => (extension.name === 'code' ? extension.extend({ excludes: 'code' }) : extension))
  },
})

/**
 * The extensions of the editor that shape its documents. Servers and browsers must use the same list: a node that one
 * side does not know is dropped there. Undo is left to the collaboration extension. Loads without a DOM.
 */
export const extensions: Extensions = [
  Kit.configure({ undoRedo: false }),
  TableKit,
  TaskList,
  TaskItem.configure({ nested: true }),
  Image.configure({ inline: true }),
  Mathematics,
]
