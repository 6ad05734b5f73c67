import { extensions as shared } from '@mdcreator/shared/markdown/extensions'
import { type AnyExtension, Extension, type Extensions } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import CollaborationCaret from '@tiptap/extension-collaboration-caret'
import { Placeholder } from '@tiptap/extensions'
import type { Node } from '@tiptap/pm/model'
import { Plugin } from '@tiptap/pm/state'
import { codeBlockView } from './code-block-view.ts'
import { imageView } from './image-view.ts'
import type { LiveDocument } from './live-document.ts'
import { safeLink } from './safe-url.ts'

export interface Author {
  name: string
  color: string
}

type MathHandler = (node: Node, position: number) => void

const nodeViews = Extension.create({
  name: 'nodeViews',
  addProseMirrorPlugins() {
    return [new Plugin({ props: { nodeViews: { codeBlock: codeBlockView, image: imageView } } })]
  },
})

/** The server's nodes and marks, and what only an editor has: collaboration, carets, rendering, the placeholder. */
export function editorExtensions(live: LiveDocument, author: Author, onMath: MathHandler): Extensions {
  const adapt: Record<string, (extension: AnyExtension) => AnyExtension> = {
    starterKit: (extension) =>
      extension.configure({
        // A trailing paragraph would be an edit made by just looking.
        trailingNode: false,
        link: { openOnClick: false, isAllowedUri: (url: string) => safeLink(url) === url },
      }),
    Mathematics: (extension) => mathematics(extension as Extension, onMath),
  }
  const nodes = (shared as AnyExtension[]).map((extension) => adapt[extension.name]?.(extension) ?? extension)
  return [
    ...nodes,
    nodeViews,
    Collaboration.configure({ document: live.doc }),
    CollaborationCaret.configure({ provider: live.provider, user: author }),
    Placeholder.configure({ placeholder: 'Start writing. “# ” makes a heading, “- ” a list, “[ ] ” a task.' }),
  ]
}

/** The kit gives formulas in a line and on their own the same KaTeX options; the latter are set in display style. */
function mathematics(kit: Extension, onClick: MathHandler): Extension {
  return kit.extend({
    addExtensions() {
      return (this.parent?.() ?? []).map((extension) => {
        const displayMode = extension.name === 'blockMath'
        return extension.configure({
          onClick,
          katexOptions: { displayMode, throwOnError: false, strict: 'ignore', maxSize: 40 },
        })
      })
    },
  })
}
