const paths = {
  bold: 'M7 5h6a3.5 3.5 0 0 1 0 7H7zM7 12h7a3.5 3.5 0 0 1 0 7H7z',
  italic: 'M10 5h8M6 19h8M14 5l-4 14',
  strike:
    'M4 12h16M16.5 8C16 6 14.5 5 12 5 9.5 5 8 6.2 8 8c0 1.7 1.3 2.7 3.5 3.3M7.5 16c.5 2 2.2 3 4.5 3 2.6 0 4.3-1.2 4.3-3.2 0-.7-.2-1.3-.5-1.8',
  code: 'M9 8l-4 4 4 4M15 8l4 4-4 4',
  bullets: 'M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01',
  numbers: 'M10 6h10M10 12h10M10 18h10M4 5.2L5.5 4.5V9M4 15.2c.2-1 2.5-1 2.5.3 0 1.2-2.5 2-2.5 3.5h2.7',
  tasks: 'M4 6.5L5.7 8 8.5 5M4 16.5L5.7 18l2.8-3M12 7h8M12 17h8',
  quote: 'M5 6v12M10 8h10M10 12h10M10 16h6',
  codeBlock: 'M4 5h16v14H4zM10 9.5L7.5 12l2.5 2.5M14 9.5l2.5 2.5-2.5 2.5',
  table: 'M4 5h16v14H4zM4 9.7h16M4 14.3h16M12 9.7V19',
  link: 'M10 13.5a4 4 0 0 0 5.8.3l2.7-2.7a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10.5a4 4 0 0 0-5.8-.3l-2.7 2.7a4 4 0 0 0 5.7 5.7l1.5-1.5',
  image: 'M4 5h16v14H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 9.2h.01',
  math: 'M17 7V5H7l6 7-6 7h10v-2',
  rule: 'M4 12h16M9 6h6M9 18h6',
  undo: 'M9 5L5 9l4 4M5 9h9a5 5 0 0 1 0 10h-3',
  redo: 'M15 5l4 4-4 4M19 9h-9a5 5 0 0 0 0 10h3',
  plus: 'M12 5v14M5 12h14',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  sidebar: 'M4 5h16v14H4zM9.5 5v14',
  copy: 'M9 9h11v11H9zM5.5 15H4V4h11v1.5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  open: 'M14 5h5v5M19 5l-8 8M17 14v5H5V7h5',
  document: 'M7 4h7l4 4v12H7zM14 4v4h4',
  trash: 'M5 7h14M10 4h4M7 7l1 13h8l1-13',
  signOut: 'M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9',
  offline: 'M4 4l16 16M7.5 8.3A4.5 4.5 0 0 0 7 17.2h9.5M10 7a5.5 5.5 0 0 1 7.4 4.3 3.3 3.3 0 0 1 1.8 5',
  eye: 'M3 12s3.3-6 9-6 9 6 9 6-3.3 6-9 6-9-6-9-6zM12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z',
  close: 'M6 6l12 12M18 6L6 18',
} as const

export type IconName = keyof typeof paths

const SVG = 'http://www.w3.org/2000/svg'

/** A 24-unit line icon in the current text colour, hidden from assistive technology. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', paths[name])
  svg.append(path)
  return svg
}
