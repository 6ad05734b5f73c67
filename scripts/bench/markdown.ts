import { performance } from 'node:perf_hooks'
import { plainText, wordCount } from '@mdcreator/shared/markdown/plain-text'
import * as Y from 'yjs'

// Milliseconds for Markdown of several sizes, each the median of RUNS. Time per KiB that stays level means linear.
//   node scripts/bench/markdown.ts

const RUNS = 5
const SIZES = [50, 100, 250, 500]

const SECTION = `## Section NUMBER: a *plan* for **NUMBER** things

A paragraph with a [link](https://example.com/NUMBER "title"), \`code\`, ~~a strike~~ and some **bold _and italic_
words**, an image ![alt](/image-NUMBER.png) and a formula $E = m c^NUMBER$. Nothing special in the rest of it, as
in most of what people write: the words go on until the paragraph ends, with snake_case and 5 < 7 & 3 > 2.

- one NUMBER
- two
  - nested *item*
  - another

1. first
2. second

- [ ] to do NUMBER
- [x] done

> A quote with **bold** words.

| Left | Right |
| :--- | ----: |
| a | NUMBER |
| **b** | \`c\` |

\`\`\`ts
const x = NUMBER
\`\`\`

`

function sampleOf(kib: number): string {
  const parts: string[] = []
  for (let length = 0, number = 0; length < kib * 1024; number++) {
    const part = SECTION.replaceAll('NUMBER', String(number))
    parts.push(part)
    length += part.length
  }
  return parts.join('')
}

const median = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0

/** Runs the step with what `prepare` makes, which is not timed. */
function time<T>(prepare: () => T, step: (prepared: T) => unknown): number {
  const times: number[] = []
  for (let run = 0; run < RUNS; run++) {
    const prepared = prepare()
    const start = performance.now()
    step(prepared)
    times.push(performance.now() - start)
  }
  return median(times)
}

const importStart = performance.now()
const { parseMarkdown } = await import('@mdcreator/shared/markdown/parse')
const { printMarkdown } = await import('@mdcreator/shared/markdown/print')
const { markdownToUpdate, readMarkdown, writeMarkdown } = await import('@mdcreator/shared/markdown/yjs')
console.log(`import: ${(performance.now() - importStart).toFixed(0)} ms`)

function liveDocument(update: Uint8Array): Y.Doc {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, update)
  return doc
}

/** How many bytes of updates a write sends to every peer. */
function updateBytes(update: Uint8Array, markdown: string): number {
  const doc = liveDocument(update)
  let bytes = 0
  doc.on('update', (sent: Uint8Array) => {
    bytes += sent.length
  })
  writeMarkdown(doc, markdown, 'bench')
  return bytes
}

const rows = SIZES.map((kib) => {
  const markdown = sampleOf(kib)
  const node = parseMarkdown(markdown)
  const update = markdownToUpdate(markdown)
  const middle = markdown.indexOf('\n## ', markdown.length / 2) + 1
  const edits = {
    'one word': `${markdown.slice(0, middle)}${markdown.slice(middle).replace('plan', 'scheme')}`,
    prepend: `A first paragraph.\n\n${markdown}`,
    insert: `${markdown.slice(0, middle)}A paragraph in the middle.\n\n${markdown.slice(middle)}`,
    replace: sampleOf(kib).replaceAll(/[a-z]{4,}/g, (word) => word.toUpperCase()),
  }
  const steps: Record<string, number> = {
    parse: time(() => markdown, parseMarkdown),
    // A document that was printed before is not printed again.
    print: time(() => parseMarkdown(markdown), printMarkdown),
    words: time(() => plainText(node), wordCount),
    read: time(() => liveDocument(update), readMarkdown),
    'no change': time(
      () => liveDocument(update),
      (doc) => writeMarkdown(doc, markdown, 'bench'),
    ),
  }
  const bytes: Record<string, number> = {}
  for (const [name, edited] of Object.entries(edits)) {
    steps[name] = time(
      () => liveDocument(update),
      (doc) => writeMarkdown(doc, edited, 'bench'),
    )
    bytes[name] = updateBytes(update, edited)
  }
  return { kib, blocks: node.childCount, steps, bytes }
})

for (const name of Object.keys(rows[0]?.steps ?? {})) {
  const cells = rows.map(({ kib, steps, bytes }) => {
    const ms = steps[name] ?? 0
    const sent = bytes[name] === undefined ? '' : `, ${bytes[name]} B`
    return `${kib} KiB: ${ms.toFixed(0)} ms (${((ms * 1000) / kib).toFixed(0)} us/KiB${sent})`
  })
  console.log(`${name.padEnd(10)} ${cells.join('   ')}`)
}
console.log(`blocks     ${rows.map(({ kib, blocks }) => `${kib} KiB: ${blocks}`).join('   ')}`)
