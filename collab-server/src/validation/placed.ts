import * as Y from 'yjs'

/** A Yjs client and its clock. */
type Key = string
const keyOf = ({ client, clock }: { client: number; clock: number }): Key => `${client}:${clock}`
const nothing: Key = ''
/** The list of an item before one of which it is not known in which list it is. */
const unclear = 'unclear'

/** Where the items of an update are that were placed already: what the document does not tell. */
export class Placed {
  /** What is right of the end of an item; undefined where that is not known. */
  private readonly rightOf = new Map<Key, Key | undefined>()
  /** The ends of the items, and what items were put after. */
  private readonly ends = new Set<Key>()
  private readonly taken = new Set<Key>()
  /** What comes first in a list; undefined where that is not known. */
  private readonly firstIn = new Map<string, Key | undefined>()
  /** The list that an item was put first in. */
  private readonly listOf = new Map<Key, string>()

  hasEnd(id: Y.ID): boolean {
    return this.ends.has(keyOf(id))
  }

  /** True for the end of an item after which nothing was put: nothing descends from it. */
  isFree(id: Y.ID): boolean {
    const key = keyOf(id)
    return this.ends.has(key) && !this.taken.has(key)
  }

  /** Whether two are next to each other; null where the document tells. */
  isBeside(origin: Y.ID, rightOrigin: Y.ID | null): boolean | null {
    const key = keyOf(origin)
    return this.rightOf.has(key) ? this.rightOf.get(key) === rightKey(rightOrigin) : null
  }

  /** Whether an item without a left neighbour goes before the first of its list; null where the document tells. */
  isFirst(item: Y.Item, right: Y.Item | null, key: string | null): boolean | null {
    if (this.firstIn.has(unclear)) return false
    const list = this.listName(item, right, key)
    return this.firstIn.has(list) ? this.firstIn.get(list) === rightKey(item.rightOrigin) : null
  }

  /** `isDirect` where it is between its neighbours. */
  add(item: Y.Item, right: Y.Item | null, key: string | null, isDirect: boolean): void {
    const { id, length, origin, rightOrigin } = item
    const last = keyOf({ client: id.client, clock: id.clock + length - 1 })
    const own = isDirect ? keyOf(id) : undefined
    if (origin) {
      this.taken.add(keyOf(origin))
      this.rightOf.set(keyOf(origin), own)
    } else {
      const list = this.listName(item, right, key)
      this.firstIn.set(list, own)
      this.listOf.set(keyOf(id), list)
    }
    this.rightOf.set(last, isDirect ? rightKey(rightOrigin) : undefined)
    this.ends.add(last)
  }

  private listName({ parent, rightOrigin }: Y.Item, right: Y.Item | null, key: string | null): string {
    if (typeof parent === 'string') return `root ${parent}/${key}`
    if (parent instanceof Y.ID) return `${keyOf(parent)}/${key}`
    const type = right?.parent
    if (!(type instanceof Y.AbstractType)) return (rightOrigin && this.listOf.get(keyOf(rightOrigin))) ?? unclear
    return type._item ? `${keyOf(type._item.id)}/${key}` : `root ${Y.findRootTypeKey(type)}/${key}`
  }
}

const rightKey = (id: Y.ID | null): Key => (id ? keyOf(id) : nothing)
