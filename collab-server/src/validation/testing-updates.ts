import * as encoding from 'lib0/encoding'

type Write = (encoder: encoding.Encoder) => void
type Id = [client: number, clock: number]
/** In the root type `default` where it has neither neighbours nor another parent. */
type Place = { origin?: Id; rightOrigin?: Id; parent?: Id | string; key?: string }
type Block = { client: number; clock: number; structs: Write[] }

/** A Yjs update (v1) as its bytes say, whether or not any client would write it. */
export function rawUpdate(
  blocks: Block[],
  deletes: Record<number, [clock: number, length: number][]> = {},
): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, blocks.length)
    for (const { client, clock, structs } of blocks) {
      for (const number of [structs.length, client, clock]) encoding.writeVarUint(encoder, number)
      for (const struct of structs) struct(encoder)
    }
    encoding.writeVarUint(encoder, Object.keys(deletes).length)
    for (const [client, ranges] of Object.entries(deletes)) {
      for (const number of [Number(client), ranges.length, ...ranges.flat()]) encoding.writeVarUint(encoder, number)
    }
  })
}

export const gc =
  (length: number): Write =>
  (encoder) => {
    encoding.writeUint8(encoder, 0)
    encoding.writeVarUint(encoder, length)
  }

export const string = (text: string, place: Place = {}): Write =>
  item(4, place, (encoder) => encoding.writeVarString(encoder, text))

export const embed = (json: string, place: Place = {}): Write =>
  item(5, place, (encoder) => encoding.writeVarString(encoder, json))

export const element = (name: string, place: Place = {}): Write =>
  item(7, place, (encoder) => {
    encoding.writeVarUint(encoder, 3)
    encoding.writeVarString(encoder, name)
  })

/** A text that can have marks, and a mark. */
export const richText = (place: Place = {}): Write => item(7, place, (encoder) => encoding.writeVarUint(encoder, 2))
export const format = (key: string, json: string, place: Place = {}): Write =>
  item(6, place, (encoder) => {
    encoding.writeVarString(encoder, key)
    encoding.writeVarString(encoder, json)
  })

export const values = (list: unknown[], place: Place = {}): Write =>
  item(8, place, (encoder) => {
    encoding.writeVarUint(encoder, list.length)
    for (const value of list) encoding.writeAny(encoder, value as never)
  })

export const subdocument = (place: Place = {}): Write =>
  item(9, place, (encoder) => {
    encoding.writeVarString(encoder, 'guid')
    encoding.writeAny(encoder, {})
  })

/** `count` of them, each by its index. */
export const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

function item(content: number, { origin, rightOrigin, parent = 'default', key }: Place, body: Write): Write {
  return (encoder) => {
    const numbers = (...list: number[]): void => {
      for (const number of list) encoding.writeVarUint(encoder, number)
    }
    encoding.writeUint8(
      encoder,
      content | (origin ? 0x80 : 0) | (rightOrigin ? 0x40 : 0) | (key === undefined ? 0 : 0x20),
    )
    if (origin) numbers(...origin)
    if (rightOrigin) numbers(...rightOrigin)
    if (!origin && !rightOrigin) {
      numbers(typeof parent === 'string' ? 1 : 0)
      if (typeof parent === 'string') encoding.writeVarString(encoder, parent)
      else numbers(...parent)
      if (key !== undefined) encoding.writeVarString(encoder, key)
    }
    body(encoder)
  }
}
