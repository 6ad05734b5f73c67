// node scripts/bench/acknowledgement.ts: the time from an edit to its durable acknowledgement, in an empty document and
// in one of 100,000 edits, in turn on one server. PostgreSQL commits to disk (fsync on).
import { rmSync } from 'node:fs'
import { makeDataDir } from '@mdcreator/db/testing'
import * as Y from 'yjs'
import { acknowledged, ServerProcess } from '../server-process.ts'

const edits = 100_000
const rounds = 400

const dataDir = makeDataDir()
const server = await ServerProcess.start(dataDir)
try {
  const { token } = await server.signIn()
  const small = await server.connect(await server.createDocument(), token, withEdits(1))
  const large = await server.connect(await server.createDocument(), token, withEdits(edits))
  const size = Y.encodeStateAsUpdate(large.document).byteLength
  console.log(`${edits} edits, ${(size / 1024).toFixed(0)} KiB; ${rounds} edits measured in each, in turn`)
  const times: { small: number[]; large: number[] } = { small: [], large: [] }
  for (let i = 0; i < rounds + 50; i++) {
    const pair = { small: await measure(small), large: await measure(large) }
    if (i < 50) continue
    times.small.push(pair.small)
    times.large.push(pair.large)
  }
  for (const name of ['small', 'large'] as const) {
    console.log(
      `${name}: p50 ${percentile(times[name], 0.5).toFixed(2)} ms, p99 ${percentile(times[name], 0.99).toFixed(2)} ms`,
    )
  }
  console.log(`p50 ratio large / small: ${(percentile(times.large, 0.5) / percentile(times.small, 0.5)).toFixed(2)}`)
  small.close()
  large.close()
} finally {
  await server.stop()
  rmSync(dataDir, { recursive: true, force: true })
}

type Client = Awaited<ReturnType<ServerProcess['connect']>>

async function measure({ provider, document }: Client): Promise<number> {
  const text = textOf(document)
  const start = performance.now()
  text.insert(Math.floor(text.length / 2), 'x')
  await acknowledged(provider)
  return performance.now() - start
}

/** A document of one paragraph, written letter by letter at jumping places, as an editor's edits come. */
function withEdits(count: number): Y.Doc {
  const document = new Y.Doc()
  const paragraph = new Y.XmlElement('paragraph')
  paragraph.insert(0, [new Y.XmlText()])
  document.getXmlFragment('default').push([paragraph])
  const text = textOf(document)
  for (let i = 0; i < count; i++) {
    const at = (i * 7919) % (text.length + 1)
    if (i % 7 === 6) text.delete(Math.min(at, text.length - 1), 1)
    else text.insert(at, 'abcdefghijklmnopqrstuvwxyz '[i % 27] as string)
  }
  return document
}

function textOf(document: Y.Doc): Y.XmlText {
  return (document.getXmlFragment('default').get(0) as Y.XmlElement).get(0) as Y.XmlText
}

function percentile(values: number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * p)] as number
}
