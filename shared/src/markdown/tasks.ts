import type { Token } from 'markdown-it'

const TASK = /^\[([ xX])\](?=[ \t\n]|$)/

type Make = (type: string, tag: string, nesting: -1 | 0 | 1) => Token
type Kind = 'bullet' | 'task'
/** An open bullet list: the kind that is being written, and whether its current item is a task. */
type OpenList = { kind: Kind | undefined; open: Token }

/** The item's inline token if the item starts with `[ ]` or `[x]`, with that marker still in it. */
function taskText(tokens: Token[], item: number): Token | undefined {
  const inline = tokens[item + 1]?.type === 'paragraph_open' ? tokens[item + 2] : undefined
  const first = inline?.children?.[0]
  return inline && TASK.test(inline.content) && first?.type === 'text' && TASK.test(first.content) ? inline : undefined
}

function dropMarker(inline: Token): void {
  const [first, ...rest] = inline.children ?? []
  if (!first) return
  first.content = first.content.slice(3).replace(/^[ \t]+/, '')
  if (first.content === '' && rest[0]?.type === 'softbreak') rest.shift()
  inline.children = [first, ...rest]
}

/**
 * Makes task lists of bullet lists (GitHub Flavored Markdown, section 5.3). The editor has no list that mixes tasks
 * and plain items, so such a list becomes several, one after the other.
 */
export function splitTasks(tokens: Token[], make: Make): Token[] {
  const out: Token[] = []
  const lists: OpenList[] = []
  const kinds: Kind[] = []
  tokens.forEach((token, index) => {
    const list = lists.at(-1)
    if (token.type === 'bullet_list_open') {
      lists.push({ kind: undefined, open: token })
    } else if (token.type === 'ordered_list_open') {
      lists.push({ kind: undefined, open: token })
      out.push(token)
    } else if (token.type === 'bullet_list_close' && list) {
      out.push(make(`${list.kind ?? 'bullet'}_list_close`, 'ul', -1))
      lists.pop()
    } else if (token.type === 'ordered_list_close') {
      out.push(token)
      lists.pop()
    } else if (token.type === 'list_item_open' && list?.open.type === 'bullet_list_open') {
      const inline = taskText(tokens, index)
      const kind = inline ? 'task' : 'bullet'
      if (list.kind !== kind) {
        if (list.kind) out.push(make(`${list.kind}_list_close`, 'ul', -1))
        out.push(make(`${kind}_list_open`, 'ul', 1))
        list.kind = kind
      }
      kinds.push(kind)
      if (inline) {
        const item = make('task_item_open', 'li', 1)
        item.attrSet('checked', String(inline.content[1] !== ' '))
        dropMarker(inline)
        out.push(item)
      } else out.push(token)
    } else if (token.type === 'list_item_open') {
      kinds.push('bullet')
      out.push(token)
    } else if (token.type === 'list_item_close') {
      out.push(kinds.pop() === 'task' ? make('task_item_close', 'li', -1) : token)
    } else {
      out.push(token)
    }
  })
  return out
}
