import { setTimeout as delay } from 'node:timers/promises'
import { until } from '@mdcreator/shared/testing'
import { Redis } from 'ioredis'
import * as Y from 'yjs'
import { type ClientObserver, LoadClient } from './client.ts'
import type { MeasuredServer } from './measured-server.ts'
import { fingerprint } from './replica.ts'
import type { World } from './world.ts'

export type KeystrokeOptions = {
  /** What the document holds before, as an update; null: nothing. */
  content: Uint8Array | null
  keystrokes: number
  /** Milliseconds from one keystroke to the next. */
  everyMs: number
}

/** Bytes and seconds are for each keystroke, what the servers do anyway included. Times in milliseconds. */
export type KeystrokeResult = {
  /** In and out of Redis. */
  redisBytes: number
  /** Of both servers. */
  cpuSeconds: number
  /** From the keystroke on one server to the client of the other having it. */
  latency: number[]
  lost: number
  isEqual: boolean
}

/** One person types on one server; another one reads on the other. */
export async function keystrokeRound(
  [here, there]: [MeasuredServer, MeasuredServer],
  world: World,
  { content, keystrokes, everyMs }: KeystrokeOptions,
): Promise<KeystrokeResult> {
  const [documentId] = (await world.createDocuments(1)) as [string]
  if (content) await world.storeContent([documentId], content)
  const latency: number[] = []
  /** When what leads up to a clock was sent. */
  const sent = new Map<number, number>()
  const open = (server: MeasuredServer, person: number, observer: ClientObserver): LoadClient =>
    new LoadClient({
      ...{ url: server.url, documentId, token: world.tokens[person] as string, isAttentive: false, observer },
      clientId: 1_000_000 + person,
    })
  const reader = open(there, 1, {
    ...silent,
    arrived(_, update) {
      const clock = Y.parseUpdateMeta(update).to.get(writer.clientId) ?? -1
      // Two keystrokes may come as one update.
      for (const [upTo, sentAt] of sent) {
        if (upTo > clock) break
        latency.push(performance.now() - sentAt)
        sent.delete(upTo)
      }
    },
  })
  const writer = open(here, 0, silent)
  const redis = new Redis(world.redis.config.url)
  try {
    await Promise.all([writer.synced, reader.synced])
    const type = typing(writer)
    const press = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) {
        const due = performance.now() + everyMs
        const sentAt = performance.now()
        type()
        sent.set(writer.clock, sentAt)
        await delay(Math.max(0, due - performance.now()))
      }
      const deadline = performance.now() + 5_000
      await until(() => (sent.size === 0 && writer.isAcknowledged) || performance.now() > deadline)
    }
    await press(Math.ceil(keystrokes / 4))
    latency.length = 0
    const bytesBefore = await trafficOf(redis)
    await Promise.all([here, there].map(({ probe }) => probe.ask('usage')))
    await press(keystrokes)
    const usage = await Promise.all([here, there].map(({ probe }) => probe.ask('usage')))
    const redisBytes = (await trafficOf(redis)) - bytesBefore
    const stored = fingerprint(await world.storedDocument(documentId))
    return {
      redisBytes: redisBytes / keystrokes,
      cpuSeconds: usage.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / keystrokes,
      latency,
      lost: sent.size,
      isEqual: [writer, reader].every(({ document }) => fingerprint(document) === stored),
    }
  } finally {
    redis.disconnect()
    await Promise.all([writer.close(), reader.close()])
  }
}

const silent: ClientObserver = { arrived: () => {}, acknowledged: () => {}, cursorSeen: () => {} }

/** Types one character after the other into a new paragraph in the middle. */
function typing(writer: LoadClient): () => void {
  const text = new Y.XmlText()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [text])
  void writer.document
  writer.edit((document) => {
    const fragment = document.getXmlFragment('default')
    fragment.insert(Math.floor(fragment.length / 2), [paragraph])
  })
  return () => writer.edit(() => text.insert(text.length, 'a'))
}

async function trafficOf(redis: Redis): Promise<number> {
  const info = await redis.info('stats')
  return [...info.matchAll(/^total_net_(?:in|out)put_bytes:(\d+)/gm)].reduce((sum, [, n]) => sum + Number(n), 0)
}
