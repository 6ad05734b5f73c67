import * as Y from 'yjs'
import * as Yrs from 'ywasm'

/** An edit that any implementation of the CRDT can make. Places are fractions of what there is. */
export type Edit =
  | { kind: 'insert'; at: number; text: string }
  | { kind: 'delete'; at: number; count: number }
  | { kind: 'add-paragraph'; at: number; text: string; level: string }
  | { kind: 'remove-paragraph'; at: number }
  | { kind: 'type-in-paragraph' | 'set-attribute'; at: number; text: string }
  | { kind: 'set'; key: string; value: string | number | boolean | null }
  | { kind: 'unset'; key: string }

const chunks = ['a', 'word ', 'äö', '😀', '👩‍👩‍👧', '漢字', 'e\u0301', '🇪🇺 flag', '\n']

/**
 * No paragraph is removed at random: Yrs 0.18 collects what was in it, and in one update loses the deletions that it finds
 * behind what is collected (y-crdt issue 607).
 */
export function randomEdit(random: () => number): Edit {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const at = random()
  const text = pick(chunks)
  const key = pick(['a', 'b', 'c', 'ключ', '🔑'])
  switch (Math.floor(random() * 12)) {
    case 0:
      return { kind: 'add-paragraph', at, text, level: String(Math.floor(random() * 6)) }
    case 1:
    case 2:
    case 3:
      return { kind: 'type-in-paragraph', at, text }
    case 4:
      return { kind: 'set-attribute', at, text }
    case 5:
      return { kind: 'set', key, value: pick([text, random(), 7, true, null]) }
    case 6:
      return { kind: 'unset', key }
    case 7:
    case 8:
      return { kind: 'delete', at, count: 1 + Math.floor(random() * 5) }
    default:
      return { kind: 'insert', at, text }
  }
}

/** Where characters begin, in UTF-16 units, and the end: an edit between the halves of a surrogate pair is nobody's. */
function boundaries(text: string): number[] {
  const places = [0]
  for (const character of text) places.push((places.at(-1) ?? 0) + character.length)
  return places
}

const range = (text: string, at: number, count: number): [from: number, length: number] => {
  const places = boundaries(text)
  const first = Math.floor(at * places.length)
  const from = places[first] as number
  return [from, (places[Math.min(places.length - 1, first + count)] as number) - from]
}

/** Makes an edit in a document of Yjs. */
export function editYjs(doc: Y.Doc, edit: Edit): void {
  const text = doc.getText('text')
  const fragment = doc.getXmlFragment('default')
  const map = doc.getMap('map')
  const paragraph = (at: number): Y.XmlElement | undefined =>
    fragment.get(Math.floor(at * fragment.length)) as Y.XmlElement | undefined
  switch (edit.kind) {
    case 'insert':
      text.insert(range(text.toString(), edit.at, 0)[0], edit.text)
      break
    case 'delete':
      text.delete(...range(text.toString(), edit.at, edit.count))
      break
    case 'add-paragraph': {
      const element = new Y.XmlElement('paragraph')
      element.setAttribute('level', edit.level)
      element.insert(0, [new Y.XmlText(edit.text)])
      fragment.insert(Math.floor(edit.at * (fragment.length + 1)), [element])
      break
    }
    case 'remove-paragraph':
      if (fragment.length > 0) fragment.delete(Math.floor(edit.at * fragment.length), 1)
      break
    case 'type-in-paragraph': {
      const inner = paragraph(edit.at)?.get(0) as Y.XmlText | undefined
      inner?.insert(range(inner.toString(), edit.at, 0)[0], edit.text)
      break
    }
    case 'set-attribute':
      paragraph(edit.at)?.setAttribute('level', edit.text)
      break
    case 'set':
      map.set(edit.key, edit.value)
      break
    case 'unset':
      map.delete(edit.key)
      break
  }
}

/** Makes an edit in a document of Yrs. */
export function editYrs(doc: Yrs.YDoc, edit: Edit): void {
  const text = doc.getText('text')
  const fragment = doc.getXmlFragment('default')
  const map = doc.getMap('map')
  const length = fragment.length(undefined)
  const paragraph = (at: number): Yrs.YXmlElement | undefined => {
    let child = fragment.firstChild(undefined)
    for (let i = Math.floor(at * length); i > 0; i--) child = child?.nextSibling(undefined)
    return child
  }
  switch (edit.kind) {
    case 'insert':
      text.insert(range(text.toString(undefined), edit.at, 0)[0], edit.text, undefined, undefined)
      break
    case 'delete':
      text.delete(...range(text.toString(undefined), edit.at, edit.count), undefined)
      break
    case 'add-paragraph': {
      const inner = new Yrs.YXmlText(edit.text, {})
      const element = new Yrs.YXmlElement('paragraph', { level: edit.level }, [inner])
      fragment.insert(Math.floor(edit.at * (length + 1)), element, undefined)
      break
    }
    case 'remove-paragraph':
      if (length > 0) fragment.delete(Math.floor(edit.at * length), 1, undefined)
      break
    case 'type-in-paragraph': {
      const inner: Yrs.YXmlText | undefined = paragraph(edit.at)?.firstChild(undefined)
      inner?.insert(range(inner.toString(undefined), edit.at, 0)[0], edit.text, undefined, undefined)
      break
    }
    case 'set-attribute':
      paragraph(edit.at)?.setAttribute('level', edit.text, undefined)
      break
    case 'set':
      map.set(edit.key, edit.value, undefined)
      break
    case 'unset':
      map.delete(edit.key, undefined)
      break
  }
}

/** What a document holds, however it is encoded: its content, its state vector, and what is deleted. */
export function contentOfYjs(doc: Y.Doc): unknown {
  const { ds } = Y.snapshot(doc)
  return {
    text: doc.getText('text').toString(),
    fragment: doc.getXmlFragment('default').toString(),
    map: sortedKeys(doc.getMap('map').toJSON()),
    clocks: sorted(Y.decodeStateVector(Y.encodeStateVector(doc))),
    deleted: sorted(ds.clients),
  }
}

/** Yrs says the content and the state vector itself; what is deleted is read from its update. */
export function contentOfYrs(doc: Yrs.YDoc): unknown {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Yrs.encodeStateAsUpdate(doc))
  return {
    text: doc.getText('text').toString(undefined),
    fragment: doc.getXmlFragment('default').toString(undefined),
    map: sortedKeys(doc.getMap('map').toJson(undefined)),
    clocks: sorted(Y.decodeStateVector(Yrs.encodeStateVector(doc))),
    deleted: sorted(Y.snapshot(copy).ds.clients),
  }
}

const sorted = <T>(byClient: Map<number, T>): [number, T][] => [...byClient].sort(([a], [b]) => a - b)

const sortedKeys = (object: object): object =>
  Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)))
