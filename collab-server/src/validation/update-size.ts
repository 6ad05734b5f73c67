import { isDeeper } from '@mdcreator/shared/json-depth'
import * as decoding from 'lib0/decoding'
import { maxJsonDepth } from './update-structs.ts'

/** What an update says it holds: counts, however few bytes they take. */
export type UpdateSize = {
  structs: number
  /** Values within items: elements of arrays and objects, and JSON by its length. */
  values: number
  /** Ranges of deleted clocks. */
  deletes: number
}

/** How Yjs numbers the contents of items; elements (3) and hooks (5) among the types have names. */
const content = { deleted: 1, json: 2, binary: 3, string: 4, embed: 5, format: 6, type: 7, any: 8 }
/** How lib0 numbers values (`readAny`), and the bytes of those that always have the same. */
const value = { integer: 125, string: 119, object: 118, array: 117, bytes: 116 }
const fixedValues = new Map([
  [127, 0],
  [126, 0],
  [124, 4],
  [123, 8],
  [122, 8],
  [121, 0],
  [120, 0],
])
/** What a JSON value takes, or nearly: `[],` is the shortest that costs memory. */
const jsonBytesPerValue = 4

/**
 * Counts what a Yjs update (v1) holds without building any of it: decoding builds some 100 bytes for each byte of some
 * updates. Ends at the first count that is over its limit, so the time is in the order of the limits. Null where
 * Yjs could not decode it, or it holds what no document may: gaps, or documents within the document.
 */
export function measureUpdate(update: Uint8Array, limits: UpdateSize): UpdateSize | null {
  const measure = new Measure(update, limits)
  try {
    measure.readStructs()
    if (!measure.isOver) measure.readDeletes()
    return measure.size
  } catch {
    return null
  }
}

export const isOver = (size: UpdateSize, limits: UpdateSize): boolean =>
  size.structs > limits.structs || size.values > limits.values || size.deletes > limits.deletes

class Measure {
  readonly size: UpdateSize = { structs: 0, values: 0, deletes: 0 }
  private readonly decoder: decoding.Decoder
  private readonly limits: UpdateSize

  constructor(update: Uint8Array, limits: UpdateSize) {
    this.decoder = decoding.createDecoder(update)
    this.limits = limits
  }

  get isOver(): boolean {
    return isOver(this.size, this.limits)
  }

  readStructs(): void {
    for (let blocks = this.number(); blocks > 0; blocks--) {
      const structs = this.number()
      this.numbers(2)
      for (let i = 0; i < structs; i++) {
        this.size.structs++
        this.struct()
        if (this.isOver) return
      }
    }
  }

  readDeletes(): void {
    for (let clients = this.number(); clients > 0; clients--) {
      this.numbers(1)
      const ranges = this.number()
      this.size.deletes += ranges
      if (this.isOver) return
      this.numbers(2 * ranges)
    }
  }

  /** As `lazyStructReaderGenerator` of Yjs reads it. */
  private struct(): void {
    const info = this.byte()
    const kind = info & 0x1f
    if (kind === 0) this.numbers(1)
    else {
      if (info & 0x80) this.numbers(2)
      if (info & 0x40) this.numbers(2)
      if ((info & 0xc0) === 0) this.parent((info & 0x20) !== 0)
      this.content(kind)
    }
  }

  private parent(hasKey: boolean): void {
    if (this.number() === 1) this.bytes()
    else this.numbers(2)
    if (hasKey) this.bytes()
  }

  private content(kind: number): void {
    if (kind === content.deleted) this.numbers(1)
    else if (kind === content.binary || kind === content.string) this.bytes()
    else if (kind === content.embed) this.json()
    else if (kind === content.format) {
      this.bytes()
      this.json()
    } else if (kind === content.type) this.type()
    else if (kind === content.json) this.repeat(() => this.json())
    else if (kind === content.any) this.repeat(() => this.any(maxJsonDepth))
    else throw new Error('No content of a document')
  }

  private type(): void {
    const type = this.number()
    if (type > 6) throw new Error('No type of a document')
    if (type === 3 || type === 5) this.bytes()
  }

  private json(): void {
    const length = this.bytes()
    const { arr, pos } = this.decoder
    if (isDeeper(arr.subarray(pos - length, pos), maxJsonDepth)) throw new Error('Too deep')
    this.size.values += Math.ceil(length / jsonBytesPerValue)
  }

  private any(depth: number): void {
    if (depth < 0) throw new Error('Too deep')
    this.size.values++
    const kind = this.byte()
    const fixed = fixedValues.get(kind)
    if (fixed !== undefined) this.skip(fixed)
    else if (kind === value.integer) while (this.byte() & 0x80);
    else if (kind === value.string || kind === value.bytes) this.bytes()
    else if (kind === value.array) this.repeat(() => this.any(depth - 1))
    else if (kind === value.object) {
      this.repeat(() => {
        this.bytes()
        this.any(depth - 1)
      })
    } else throw new Error('No value')
  }

  private repeat(read: () => void): void {
    for (let count = this.number(); count > 0 && !this.isOver; count--) read()
  }

  private number(): number {
    return decoding.readVarUint(this.decoder)
  }

  private numbers(count: number): void {
    for (let i = 0; i < count; i++) decoding.readVarUint(this.decoder)
  }

  private byte(): number {
    this.skip(1)
    return this.decoder.arr[this.decoder.pos - 1] as number
  }

  /** Passes over something that says its length; returns the length. */
  private bytes(): number {
    const length = this.number()
    this.skip(length)
    return length
  }

  private skip(length: number): void {
    this.decoder.pos += length
    if (this.decoder.pos > this.decoder.arr.length) throw new Error('Unexpected end')
  }
}
