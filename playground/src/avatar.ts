import { h } from './dom.ts'

/** A disc with initials. The colour may come from another person's client, so only plain hex gets into the style. */
export function avatar(name: string, colour: string): HTMLElement {
  const disc = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initialsOf(name))
  if (/^#[0-9a-f]{3,8}$/i.test(colour)) disc.style.backgroundColor = colour
  return disc
}

function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean)
  const picked = words.length > 1 ? [words[0], words.at(-1)] : [words[0]]
  return picked.map((word) => [...(word ?? '?')][0]?.toLocaleUpperCase()).join('')
}
