import { hash } from 'node:crypto'

/**
 * Which of the servers that hold a document projects it: the same for all that know of the same servers, and for each
 * document another one.
 */
export function projectingServer(documentId: string, server: string, others: Iterable<string>): string {
  const weightOf = (candidate: string): string => hash('sha1', candidate + documentId)
  let first = { server, weight: weightOf(server) }
  for (const other of others) {
    const weight = weightOf(other)
    if (weight < first.weight) first = { server: other, weight }
  }
  return first.server
}
