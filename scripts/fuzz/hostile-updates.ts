import { element, embed, gc, rawUpdate, string, subdocument } from '@mdcreator/collab-server/validation/testing-updates'
import * as encoding from 'lib0/encoding'
import * as Y from 'yjs'
import { mutate } from './mutate.ts'

/** Makes a Yjs update that no honest client would send. `replica` is a copy of the document, which may be changed. */
type Forge = (replica: Y.Doc, random: () => number) => Uint8Array

const anyClient = (random: () => number): number => Math.floor(random() * 2 ** 32)
const knownClient = (replica: Y.Doc, random: () => number): number => {
  const clients = [...replica.store.clients.keys()]
  return clients[Math.floor(random() * clients.length)] ?? 1
}
const knownId = (replica: Y.Doc, random: () => number): [client: number, clock: number] => {
  const client = knownClient(replica, random)
  return [client, Math.floor(random() * Y.getState(replica.store, client))]
}
const block = (client: number, clock: number, ...structs: Parameters<typeof rawUpdate>[0][number]['structs']) => [
  { client, clock, structs },
]
const skip =
  (length: number) =>
  (encoder: encoding.Encoder): void => {
    encoding.writeUint8(encoder, 10)
    encoding.writeVarUint(encoder, length)
  }

/** What a client of `replica` would send for an edit. */
export function honest(replica: Y.Doc, random: () => number): Uint8Array {
  const before = Y.encodeStateVector(replica)
  const fragment = replica.getXmlFragment('default')
  replica.transact(() => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText('hostile '.repeat(1 + random() * 3))])
    fragment.insert(Math.floor(random() * (fragment.length + 1)), [paragraph])
  })
  return Y.encodeStateAsUpdate(replica, before)
}

export const forges: Record<string, Forge> = {
  mutated: (replica, random) => mutate(honest(replica, random), random),
  mutatedState: (replica, random) => mutate(Y.encodeStateAsUpdate(replica), random),
  truncated: (replica, random) => {
    const update = honest(replica, random)
    return update.subarray(0, Math.floor(random() * update.length))
  },
  gap: (_, random) => rawUpdate(block(anyClient(random), 1 + Math.floor(random() * 1000), string('late'))),
  clockOverflow: (_, random) => rawUpdate(block(anyClient(random), 2 ** 31 - 2, string('over'))),
  foreignClient: (replica, random) => {
    const client = knownClient(replica, random)
    return rawUpdate(block(client, Y.getState(replica.store, client), string('not mine')))
  },
  replacedPast: (replica, random) => rawUpdate(block(knownClient(replica, random), 0, string('x'.repeat(50)))),
  unknownOrigin: (_, random) =>
    rawUpdate(block(anyClient(random), 0, string('orphan', { origin: [anyClient(random), 7] }))),
  misplaced: (replica, random) => {
    const place = { origin: knownId(replica, random), rightOrigin: knownId(replica, random) }
    return rawUpdate(block(anyClient(random), 0, string('between', place)))
  },
  unknownParent: (_, random) =>
    rawUpdate(block(anyClient(random), 0, string('orphan', { parent: [anyClient(random), 7] }))),
  parentIsText: (replica, random) =>
    rawUpdate(block(anyClient(random), 0, string('in text', { parent: [knownClient(replica, random), 2] }))),
  collected: (_, random) => rawUpdate(block(anyClient(random), 0, gc(1 + Math.floor(random() * 1000)))),
  collectedPast: (replica, random) => rawUpdate(block(knownClient(replica, random), 0, gc(2 ** 20))),
  skipped: (_, random) => rawUpdate(block(anyClient(random), 0, skip(5), string('after'))),
  deletesBeyond: (replica, random) => rawUpdate([], { [knownClient(replica, random)]: [[2 ** 30, 2 ** 30]] }),
  deletesUnknown: (_, random) => rawUpdate([], { [anyClient(random)]: [[0, 100]] }),
  deletesOverlap: (replica, random) => {
    const ranges = Array.from({ length: 500 }, (): [number, number] => [0, 2 ** 20])
    return rawUpdate([], { [knownClient(replica, random)]: ranges })
  },
  emptyDelete: (replica, random) => rawUpdate([], { [knownClient(replica, random)]: [[0, 0]] }),
  nested: (_, random) => {
    const client = anyClient(random)
    const inner = Array.from({ length: 2_000 }, (_, i) => element('blockquote', { parent: [client, i] }))
    return rawUpdate(block(client, 0, element('blockquote'), ...inner))
  },
  deepJson: (_, random) => {
    const json = '['.repeat(20_000) + ']'.repeat(20_000)
    return rawUpdate(block(anyClient(random), 0, embed(json)))
  },
  brokenJson: (_, random) => rawUpdate(block(anyClient(random), 0, embed('{"a":'))),
  oddText: (_, random) => rawUpdate(block(anyClient(random), 0, string('\0\ud800 \u202e'))),
  subdocument: (_, random) => rawUpdate(block(anyClient(random), 0, subdocument())),
  oddElement: (_, random) => rawUpdate(block(anyClient(random), 0, element('script'), element('__proto__'))),
  twoBlocks: (_, random) => {
    const client = anyClient(random)
    return rawUpdate([...block(client, 0, string('a')), ...block(client, 1, string('b'))])
  },
  manyStructs: () => Uint8Array.from([1, 0xff, 0xff, 0xff, 0x0f, 1, 0, 0, 1]),
  manyClients: () => Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 0]),
  manyDeletes: () => Uint8Array.from([0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0x0f]),
  version2: (replica) => Y.encodeStateAsUpdateV2(replica),
  wrongRoot: (_, random) => {
    const other = new Y.Doc()
    other.clientID = anyClient(random)
    other.getMap('settings').set('__proto__', 'polluted')
    return Y.encodeStateAsUpdate(other)
  },
  otherDocument: (_, random) => {
    const other = new Y.Doc()
    other.clientID = anyClient(random)
    other.getText('default').insert(0, 'a text where there is a fragment')
    return Y.encodeStateAsUpdate(other)
  },
}
