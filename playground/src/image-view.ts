import type { Node } from '@tiptap/pm/model'
import type { NodeView } from '@tiptap/pm/view'
import { h } from './dom.ts'
import { icon } from './icons.ts'
import { isSafeImage } from './safe-url.ts'

/** An image, or its description where it cannot or may not be loaded. */
export function imageView(node: Node): NodeView {
  const dom = h('span', { class: 'image' })
  const { src, alt, title } = node.attrs as { src?: string | null; alt?: string | null; title?: string | null }
  const describe = (): void => {
    dom.classList.add('image-missing')
    dom.title = src ?? ''
    dom.replaceChildren(icon('image'), alt || 'Image')
  }
  if (src && isSafeImage(src)) {
    dom.append(
      h('img', { src, alt: alt ?? '', title, loading: 'lazy', referrerpolicy: 'no-referrer', onerror: describe }),
    )
  } else {
    describe()
  }
  return { dom }
}
