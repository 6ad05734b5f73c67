import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@mdcreator/shared/random'
import * as Y from 'yjs'
import { ServerProcess } from './server-process.ts'

export type KillRounds = { rounds: number; acknowledged: number; lost: number }

const clientsPerRound = 6

/**
 * Proves "no acknowledged edit is ever lost": people type, every process is killed within 50 ms of an acknowledgement
 * and every client goes with them (one that survived would send its edits again and hide a loss), the server is started
 * again, and somebody new looks for each edit that was acknowledged.
 */
export async function runKillRounds(
  dataDir: string,
  rounds: number,
  { seed = 1, onRound = () => {} }: { seed?: number; onRound?: (round: number, so: KillRounds) => void } = {},
): Promise<KillRounds> {
  const random = seededRandom(seed)
  const result: KillRounds = { rounds: 0, acknowledged: 0, lost: 0 }
  let server = await ServerProcess.start(dataDir)
  try {
    while (result.rounds < rounds) {
      const documents = [await server.createDocument(), await server.createDocument()]
      const acknowledged = await typeUntilKilled(server, documents, random)
      server = await ServerProcess.start(dataDir)
      for (const [i, document] of documents.entries()) {
        const present = await read(server, document)
        for (const edit of acknowledged[i] as Set<string>) {
          result.acknowledged++
          if (!present.has(edit)) result.lost++
        }
      }
      result.rounds++
      onRound(result.rounds, result)
    }
  } finally {
    await server.stop()
  }
  return result
}

/** Returns, per document, the edits that some client was told are stored. */
async function typeUntilKilled(
  server: ServerProcess,
  documents: string[],
  random: () => number,
): Promise<Set<string>[]> {
  const { token } = await server.signIn()
  const acknowledged = documents.map(() => new Set<string>())
  let firstAcknowledgement = (): void => {}
  const typists = await Promise.all(
    Array.from({ length: clientsPerRound }, async (_, n) => {
      const index = n % documents.length
      const client = await server.connect(documents[index] as string, token)
      const sent: string[] = []
      client.provider.on('unsyncedChanges', ({ number }: { number: number }) => {
        // Acknowledgements come in order: all but the last `number` are stored.
        for (const edit of sent.slice(0, sent.length - number)) acknowledged[index]?.add(edit)
        if (acknowledged[index]?.size) firstAcknowledgement()
      })
      const type = (): void => {
        const edit = `${client.document.clientID}-${sent.length}`
        sent.push(edit)
        const paragraph = new Y.XmlElement('paragraph')
        paragraph.insert(0, [new Y.XmlText(edit)])
        client.fragment.push([paragraph])
      }
      return { client, timer: setInterval(type, 2 + random() * 10) }
    }),
  )
  await delay(100 + random() * 900)
  await new Promise<void>((resolve) => (firstAcknowledgement = resolve))
  await delay(random() * 50)
  await server.killEverything()
  for (const { client, timer } of typists) {
    clearInterval(timer)
    client.close()
  }
  return acknowledged
}

async function read(server: ServerProcess, documentId: string): Promise<Set<string>> {
  const { token } = await server.signIn()
  const client = await server.connect(documentId, token)
  const words = client.fragment.toArray().map((paragraph) => paragraph.toString().replace(/<[^>]*>/g, ''))
  client.close()
  return new Set(words)
}
