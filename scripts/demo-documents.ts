/** What a newcomer finds. The first is the newest, so the list is written from the last to the first. */
export const demoDocuments = [
  {
    title: 'Meeting notes',
    content: `# Meeting notes

## Decisions

1. Everybody writes in the same document.
2. Nobody presses *Save*.

## Open points

- [ ] Who presents on Friday?
- [x] Book the room

> A decision that is not written down was not made.`,
  },
  {
    title: 'Markdown tour',
    content: `# Markdown tour

Text can be **bold**, *italic*, ~~struck~~ or \`code\`, and [link somewhere](https://commonmark.org).

| Element | How it is written | Shortcut |
| --- | --- | ---: |
| Heading | \`# Title\` | 1 to 6 |
| Quote | \`> text\` | one |
| Task | \`- [ ] do\` | one |

\`\`\`ts
const words = text.split(/\\s+/).filter(Boolean)
console.log(\`\${words.length} words\`)
\`\`\`

Euler's identity, $e^{i\\pi} + 1 = 0$, and a sum on its own:

$$
\\sum_{k=1}^{n} k = \\frac{n(n+1)}{2}
$$`,
  },
  {
    title: 'Welcome',
    content: `# Welcome to MD Creator

This document is live. **Open it in a second window** and type in both: you see each other's carets, and every word arrives at once.

## Try this

- [ ] Type something here
- [ ] Open this page as another person (the link is in the bar above)
- [ ] Look at the same text as Markdown
- [ ] Stop the server with \`kill -9\` while you type, and start it again

> *Saved* means saved: the mark appears when your edit is on the server's disk, not when it was sent.

## The same document over REST

\`\`\`sh
curl -H "Authorization: Bearer $TOKEN" localhost:8000/api/v1/documents/$ID/content
\`\`\`

A program that writes to it changes only what it changed: nobody's caret jumps, and nothing you are typing is lost.`,
  },
]
