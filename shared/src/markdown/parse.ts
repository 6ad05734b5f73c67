import createMarkdownIt, { type MarkdownIt, type Token } from 'markdown-it'
import { MarkdownParser } from 'prosemirror-markdown'
import type { Attrs, Node } from 'prosemirror-model'
import { blockRules } from './block-rules.ts'
import { cleanText } from './clean.ts'
import { mathRule } from './math-rule.ts'
import { FRONT_MATTER, nodes, schema } from './schema.ts'
import { editorTokens, type ParseEnv } from './tokens.ts'
import { isSafeUrl } from './urls.ts'

/** The dialect: CommonMark, GitHub's tables, strikethrough and tasks, and math. */
function createTokenizer(): MarkdownIt {
  const md = createMarkdownIt({ html: true, linkify: false, typographer: false, maxNesting: 100 })
  // A definition that nothing refers to is kept as text.
  md.disable('strip_references')
  md.use(mathRule).use(blockRules).use(editorTokens)
  md.validateLink = isSafeUrl
  // Addresses stay as they are written, so that they print as they were.
  md.normalizeLink = (url) => url
  md.normalizeLinkText = (url) => url
  return md
}

const columnAlign = (token: Token): Attrs => ({
  align: /text-align:(\w+)/.exec(String(token.attrGet('style') ?? ''))?.[1] ?? null,
})

/** The text of an image's label: `![*a* b](…)` is described by "a b". */
const altText = (tokens: Token[]): string =>
  tokens
    .map((token) => (token.children ? altText(token.children) : /break$/.test(token.type) ? ' ' : token.content))
    .join('')

const language = (md: MarkdownIt, token: Token): Attrs => ({
  language: md.utils.unescapeAll(token.info).replace(/\s+/g, ' ').trim() || null,
})

function createParser(md: MarkdownIt): MarkdownParser {
  // prosemirror-markdown is typed for an older markdown-it; the tokens it reads are the same.
  return new MarkdownParser(schema, md as never, {
    paragraph: { block: 'paragraph' },
    heading: { block: 'heading', getAttrs: (token) => ({ level: Number(token.tag[1]) }) },
    blockquote: { block: 'blockquote' },
    hr: { node: 'horizontalRule' },
    code_block: { block: 'codeBlock', noCloseToken: true },
    fence: { block: 'codeBlock', getAttrs: (token) => language(md, token as never), noCloseToken: true },
    bullet_list: { block: 'bulletList' },
    ordered_list: { block: 'orderedList', getAttrs: (token) => ({ start: Number(token.attrGet('start') ?? 1) }) },
    list_item: { block: 'listItem' },
    task_list: { block: 'taskList' },
    task_item: { block: 'taskItem', getAttrs: (token) => ({ checked: token.attrGet('checked') === 'true' }) },
    table: { block: 'table' },
    tr: { block: 'tableRow' },
    th: { block: 'tableHeader', getAttrs: (token) => columnAlign(token as never) },
    td: { block: 'tableCell', getAttrs: (token) => columnAlign(token as never) },
    math_block: { node: 'blockMath', getAttrs: (token) => ({ latex: token.content }) },
    math_inline: { node: 'inlineMath', getAttrs: (token) => ({ latex: token.content }) },
    image: {
      node: 'image',
      getAttrs: (token) => ({
        src: token.attrGet('src'),
        alt: altText((token.children ?? []) as never) || null,
        title: token.attrGet('title') || null,
        href: token.attrGet('href'),
        linkTitle: token.attrGet('linkTitle') || null,
      }),
    },
    hardbreak: { node: 'hardBreak' },
    em: { mark: 'italic' },
    strong: { mark: 'bold' },
    s: { mark: 'strike' },
    code_inline: { mark: 'code', noCloseToken: true },
    link: {
      mark: 'link',
      getAttrs: (token) => ({ href: token.attrGet('href'), title: token.attrGet('title') || null }),
    },
  })
}

const tokenizer = createTokenizer()
const parser = createParser(tokenizer)
const parserWithoutReferences = createParser(createTokenizer().disable('reference'))

/** Splits off a leading `---` … `---`. A blank line after the first rule makes it a rule, as it is when we print one. */
function splitFrontMatter(markdown: string): { frontMatter: string | undefined; body: string } {
  const none = { frontMatter: undefined, body: markdown }
  const opening = /^---[ \t]*\n(?![ \t]*\n)/.exec(markdown)
  if (!opening) return none
  const closing = /^---[ \t]*$/gm
  closing.lastIndex = opening[0].length
  const end = closing.exec(markdown)
  if (!end) return none
  return {
    frontMatter: markdown.slice(opening[0].length, Math.max(opening[0].length, end.index - 1)),
    body: markdown.slice(closing.lastIndex),
  }
}

function parseBody(markdown: string): Node {
  const env: ParseEnv = {}
  const doc = parser.parse(markdown, env)
  // A long address behind a short label would let a small document grow without bound (as cmark guards too).
  return (env.referenced ?? 0) > Math.max(65_536, markdown.length) ? parserWithoutReferences.parse(markdown) : doc
}

/**
 * Parses Markdown into a document of the editor's schema; takes linear time and never throws.
 *
 * CommonMark 0.31 with GitHub's tables, task lists and strikethrough, `$…$` and `$$` math, and front matter (a leading
 * code block with the language `front-matter`). HTML, footnotes and other syntax stay text, as do links whose scheme
 * could run code. Soft line breaks become spaces; line endings, NUL and lone surrogates are normalised.
 */
export function parseMarkdown(markdown: string): Node {
  const { frontMatter, body } = splitFrontMatter(cleanText(markdown).replace(/^\ufeff/, ''))
  const doc = parseBody(body)
  if (frontMatter === undefined) return doc
  const block = nodes.codeBlock.create({ language: FRONT_MATTER }, frontMatter ? schema.text(frontMatter) : null)
  const isEmpty = doc.childCount === 1 && doc.firstChild?.type === nodes.paragraph && doc.firstChild.childCount === 0
  const rest = isEmpty ? [] : doc.content.content
  return nodes.doc.create(null, [block, ...rest])
}
