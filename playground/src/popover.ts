/**
 * Shows an element in the top layer next to a rectangle; Escape and a click elsewhere close it, and the focus goes back.
 * @returns closes it.
 */
export function openPopover(content: HTMLElement, near: DOMRect): () => void {
  const before = document.activeElement
  content.popover = 'auto'
  content.classList.add('popover')
  document.body.append(content)
  content.showPopover()
  place(content, near)
  content.addEventListener('toggle', (event) => {
    if (event.newState !== 'closed') return
    const held = content.contains(document.activeElement) || document.activeElement === document.body
    content.remove()
    if (held && before instanceof HTMLElement) before.focus({ preventScroll: true })
  })
  return () => {
    if (content.isConnected) content.hidePopover()
  }
}

function place(content: HTMLElement, near: DOMRect): void {
  const gap = 6
  const { width, height } = content.getBoundingClientRect()
  const below = near.bottom + gap
  const top = below + height > innerHeight - gap ? Math.max(gap, near.top - height - gap) : below
  content.style.left = `${Math.max(gap, Math.min(near.left, innerWidth - width - gap))}px`
  content.style.top = `${top}px`
}
