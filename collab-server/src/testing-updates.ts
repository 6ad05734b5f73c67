import * as encoding from 'lib0/encoding'

type Write = (encoder: encoding.Encoder) => void
type Id = [client: number, clock: number]
type Place = { origin?: Id; parent?: Id }
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

export const subdocument = (): Write =>
  item(9, {}, (encoder) => {
    encoding.writeVarString(encoder, 'guid')
    encoding.writeAny(encoder, {})
  })

function item(content: number, { origin, parent }: Place, body: Write): Write {
  return (encoder) => {
    encoding.writeUint8(encoder, content | (origin ? 0x80 : 0))
    if (origin) for (const number of origin) encoding.writeVarUint(encoder, number)
    else {
      encoding.writeVarUint(encoder, parent ? 0 : 1)
      if (parent) for (const number of parent) encoding.writeVarUint(encoder, number)
      else encoding.writeVarString(encoder, 'default')
    }
    body(encoder)
  }
}
