import type { Node } from 'prosemirror-model'
import { mayPause, type Steps } from '../steps.ts'
import { plainText } from './plain-text.ts'
import { printingInline } from './print-inline.ts'
import { nodes, schema } from './schema.ts'

const RULES: Record<string, string> = { left: ':---', center: ':---:', right: '---:' }
/** markdown-it ends a table that lacks more cells than this; a sparser one is printed as text. */
const MAX_MISSING = 65_536
const MAX_SPAN = 100

/** The lines of a cell as one paragraph with hard breaks: GitHub's tables hold no blocks. */
function cellParagraph(cell: Node): Node {
  const [only] = cell.children
  if (only && cell.childCount === 1 && only.type === nodes.paragraph) return only
  const content: Node[] = []
  for (const block of cell.children) {
    const inline = block.isTextblock && block.type !== nodes.codeBlock ? block.children : lines(plainText(block))
    if (inline.length === 0) continue
    if (content.length > 0) content.push(nodes.hardBreak.create())
    for (const node of inline) content.push(node)
  }
  return nodes.paragraph.create(null, content)
}

const lines = (text: string): Node[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line, index) => (index > 0 ? [nodes.hardBreak.create(), schema.text(line)] : [schema.text(line)]))

function* printingCell(cell: Node): Steps<string> {
  const text = yield* printingInline(cellParagraph(cell), { oneLine: true, inCell: true })
  return text.replaceAll('|', '\\|')
}

type Span = (cell: Node, attr: 'colspan' | 'rowspan') => number

const span: Span = (cell, attr) => Math.min(Math.max(1, Math.trunc(Number(cell.attrs[attr] ?? 1)) || 1), MAX_SPAN)

/** How far cells reach; not at all if together they would fill a grid far larger than the table. */
function spanOf(table: Node): Span {
  let cells = 0
  let filled = 0
  for (const row of table.children) {
    cells += row.childCount
    for (const cell of row.children) filled += span(cell, 'colspan') * span(cell, 'rowspan')
  }
  return filled > 4 * cells + 10_000 ? () => 1 : span
}

/** The text of each cell at its place in the grid; the places that a merged cell covers are empty. */
function* printingGrid(table: Node, reach: Span): Steps<string[][]> {
  const rows: string[][] = []
  const covered: boolean[][] = []
  for (const [y, row] of table.children.entries()) {
    const line: string[] = []
    rows.push(line)
    let x = 0
    for (const cell of row.children) {
      while (covered[y]?.[x]) line[x++] = ''
      const width = reach(cell, 'colspan')
      for (let below = 1; below < Math.min(reach(cell, 'rowspan'), table.childCount - y); below++) {
        const marks = covered[y + below] ?? []
        covered[y + below] = marks
        for (let at = x; at < x + width; at++) marks[at] = true
      }
      line[x] = yield* printingCell(cell)
      for (let at = x + 1; at < x + width; at++) line[at] = ''
      x += width
      if (mayPause()) yield
    }
  }
  return rows
}

/** Prints a table. The first row is its header, as GitHub's tables must have one (GFM, section 4.10). */
export function* printingTable(table: Node): Steps<string> {
  const reach = spanOf(table)
  const rows = yield* printingGrid(table, reach)
  const width = Math.max(
    1,
    rows.reduce((max, row) => Math.max(max, row.length), 0),
  )
  const missing = rows.reduce((sum, row) => sum + width - row.length, 0)
  if (missing > MAX_MISSING) return yield* printingInline(nodes.paragraph.create(null, lines(plainText(table))))
  const line = (row: readonly string[]) => `| ${Array.from({ length: width }, (_, x) => row[x] ?? '').join(' | ')} |`
  const aligns = table.child(0).children.flatMap((cell) => {
    const align = RULES[String(cell.attrs['align'])] ?? '---'
    return [align, ...Array.from({ length: reach(cell, 'colspan') - 1 }, () => '---')]
  })
  const rule = `| ${Array.from({ length: width }, (_, x) => aligns[x] ?? '---').join(' | ')} |`
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n')
}
