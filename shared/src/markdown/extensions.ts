import type { AnyExtension, Extensions } from '@tiptap/core'
import Image from '@tiptap/extension-image'
import { TaskItem, TaskList } from '@tiptap/extension-list'
import { Mathematics } from '@tiptap/extension-mathematics'
import { TableKit } from '@tiptap/extension-table'
import StarterKit from '@tiptap/starter-kit'
import type { DOMOutputSpec } from 'prosemirror-model'
import { isSafeUrl } from './urls.ts'

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
 * Image, with the address that a click on it leads to. In Markdown that is a link around an image, but Yjs keeps marks
 * on text alone (y-prosemirror: `createTypeFromElementNode`), so a link mark on an image would not outlive a reload.
 */
const LinkedImage = Image.extend({
  addAttributes() {
    const linkAttribute = (name: string) => ({
      default: null,
      rendered: false,
      parseHTML: (element: HTMLElement) => element.closest('a[href]')?.getAttribute(name) ?? null,
    })
    return { ...this.parent?.(), href: linkAttribute('href'), linkTitle: linkAttribute('title') }
  },

  renderHTML(props) {
    const image: DOMOutputSpec = this.parent?.(props) ?? ['img', props.HTMLAttributes]
    const { href, linkTitle } = props.node.attrs as { href: unknown; linkTitle: unknown }
    if (typeof href !== 'string' || !isSafeUrl(href)) return image
    return ['a', { href, title: linkTitle, target: '_blank', rel: 'noopener noreferrer nofollow' }, image]
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
  LinkedImage.configure({ inline: true }),
  Mathematics,
]
