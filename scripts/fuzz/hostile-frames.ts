import * as encoding from 'lib0/encoding'
import type * as Y from 'yjs'
import { FrameType, SyncType } from '../load-test/frames.ts'
import { forges, honest } from './hostile-updates.ts'
import { mutate, randomBytes } from './mutate.ts'

/** What a frame says after its address: type and body. `update` is what it holds, where an answer would mean something. */
export type HostileFrame = { kind: string; body: Uint8Array; update: Uint8Array | null; times: number }

type Source = { corpus: Uint8Array[]; replica: Y.Doc; token: string; random: () => number }

const write = (...parts: ((encoder: encoding.Encoder) => void)[]): Uint8Array =>
  encoding.encode((encoder) => {
    for (const part of parts) part(encoder)
  })
const number = (value: number) => (encoder: encoding.Encoder) => encoding.writeVarUint(encoder, value)
const bytes = (value: Uint8Array) => (encoder: encoding.Encoder) => encoding.writeVarUint8Array(encoder, value)
const text = (value: string) => (encoder: encoding.Encoder) => encoding.writeVarString(encoder, value)
const sync = (type: number, payload: Uint8Array): Uint8Array =>
  write(number(FrameType.Sync), number(type), bytes(payload))

function awareness({ replica, random }: Source): Uint8Array {
  const others = [...replica.store.clients.keys()]
  const client = random() < 0.5 ? (others[Math.floor(random() * others.length)] ?? 1) : Math.floor(random() * 2 ** 32)
  const states = ['null', '{}', '[]', '7', '{"a":', `{"a":"${'x'.repeat(random() * 100_000)}"}`, '['.repeat(50_000)]
  const clocks = [0, 1, 1_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1]
  const count = random() < 0.1 ? 1_000 : 1
  const update = write(
    number(random() < 0.1 ? 2 ** 32 : count),
    ...Array.from({ length: count }, (_, i) => [
      number(client + i),
      number(clocks[Math.floor(random() * clocks.length)] as number),
      text(states[Math.floor(random() * states.length)] as string),
    ]).flat(),
  )
  return write(number(FrameType.Awareness), bytes(update))
}

const others: Record<string, (source: Source) => Partial<HostileFrame> & { body: Uint8Array }> = {
  awareness: (source) => ({ body: awareness(source) }),
  captured: ({ corpus, random }) => {
    const frame = corpus[Math.floor(random() * corpus.length)] as Uint8Array
    return { body: mutate(frame, random) }
  },
  noise: ({ random }) => ({ body: randomBytes(Math.floor(random() * 200), random) }),
  unknownType: ({ random }) => ({ body: write(number(5 + Math.floor(random() * 100)), text('x')) }),
  syncSteps: () => ({ body: sync(SyncType.Step1, Uint8Array.from([0])), times: 50 }),
  badStateVector: ({ random }) => ({ body: sync(SyncType.Step1, randomBytes(20, random)) }),
  hugeStateVector: () => ({ body: sync(SyncType.Step1, Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1])) }),
  tokens: ({ token, random }) => ({
    body: write(number(FrameType.Auth), number(0), text(mutatedText(token, random)), text('4.7.0')),
    times: 20,
  }),
  longToken: () => ({ body: write(number(FrameType.Auth), number(0), text('x'.repeat(50_000)), text('4.7.0')) }),
  stateless: ({ random }) => ({ body: write(number(5), text('s'.repeat(random() * 40_000))) }),
  queries: () => ({ body: write(number(3)), times: 100 }),
  close: () => ({ body: write(number(FrameType.Close), text('bye')) }),
  oversized: () => ({ body: sync(SyncType.Update, new Uint8Array(5 * 1024 * 1024)) }),
}

/** What there is to send; the nearly right more often. */
const kinds = [...Object.keys(forges), ...Object.keys(others), 'captured', 'captured', 'mutated', 'misplaced', 'honest']

/** A frame of a random kind, or of that one. */
export function hostileFrame(source: Source, only?: string): HostileFrame {
  const { replica, random } = source
  const kind = only ?? (kinds[Math.floor(random() * kinds.length)] as string)
  const other = others[kind]
  if (other) return { kind, update: null, times: 1, ...other(source) }
  const update = (forges[kind] ?? honest)(replica, random)
  const type = random() < 0.8 ? SyncType.Update : SyncType.Step2
  return { kind, body: sync(type, update), update, times: 1 }
}

function mutatedText(value: string, random: () => number): string {
  const at = Math.floor(random() * value.length)
  return `${value.slice(0, at)}${'aZ.0'[Math.floor(random() * 4)]}${value.slice(at + 1)}`
}
