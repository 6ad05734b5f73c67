import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { seededRandom } from '@mdcreator/shared/random'
import * as decoding from 'lib0/decoding'
import { WebSocket } from 'ws'
import * as Y from 'yjs'
import { FrameType, openFrame, SyncType, syncFrame, tokenFrame } from '../load-test/frames.ts'
import { type HostileFrame, hostileFrame } from './hostile-frames.ts'
import { mutate } from './mutate.ts'

export type AttackOptions = {
  /** Of the socket for Hocuspocus's protocol, and of the folder of documents for y-websocket's. */
  collabUrl: string
  yWebsocketUrl: string
  documentId: string
  /** Another document that a member may edit, which must stay as it is. */
  otherDocumentId: string
  member: string
  stranger: string
  corpus: Uint8Array[]
  /** The document, for frames that nearly fit. */
  state: Uint8Array
  frames: number
  /** Of this kind only. */
  kind?: string | undefined
  seed: number
}

export type AttackReport = {
  frames: number
  /** Some frames are sent many times. */
  messages: number
  sockets: number
  /** How many of each kind were sent. */
  kinds: Record<string, number>
  /** How often sockets were closed with each code; 0: they were not, 1006: refused at the upgrade or cut off. */
  closes: Record<number, number>
  /** Updates of which the server said that they are stored. */
  acknowledged: Uint8Array[]
  /** Answers "stored" to what was no update. */
  oddAnswers: string[]
}

type Role = 'member' | 'y-websocket' | 'stranger' | 'nobody'

/** How many sockets attack at a time. */
const attackers = 4
/** How long the server has to answer. */
const patienceMs = 400

/** Sends hostile frames on one socket after the other, as a member, a user from elsewhere, and nobody. */
export async function attack(options: AttackOptions): Promise<AttackReport> {
  const random = seededRandom(options.seed)
  const report: AttackReport = {
    frames: 0,
    messages: 0,
    sockets: 0,
    kinds: {},
    closes: {},
    acknowledged: [],
    oddAnswers: [],
  }
  const work = async (): Promise<void> => {
    while (report.frames < options.frames) await session(options, random, report)
  }
  await Promise.all(Array.from({ length: attackers }, work))
  return report
}

async function session(options: AttackOptions, random: () => number, report: AttackReport): Promise<void> {
  const draw = random()
  const role: Role = draw < 0.55 ? 'member' : draw < 0.8 ? 'y-websocket' : draw < 0.9 ? 'stranger' : 'nobody'
  const replica = new Y.Doc()
  replica.clientID = Math.floor(random() * 2 ** 32)
  Y.applyUpdate(replica, options.state)
  const socket = open(options, role, random)
  report.sockets++
  let code = 0
  socket.on('close', (reason: number) => {
    code = reason
  })
  const isOpen = await Promise.race([
    once(socket, 'open').then(
      () => true,
      () => false,
    ),
    delay(3_000, false),
  ])
  if (isOpen) {
    const isSignedIn = await signIn(socket, options, role)
    // Only where one frame is sent is it clear what an answer means.
    const count = random() < 0.6 ? 1 : 1 + Math.floor(random() * 10)
    const frames = Array.from({ length: count }, () =>
      hostileFrame({ ...options, replica, token: options.member, random }, options.kind),
    )
    const answers = count === 1 && isSignedIn && role === 'member' ? listen(socket) : null
    for (const frame of frames) send(socket, frame, { options, role, random, report })
    if (answers) noteAnswers(frames[0] as HostileFrame, await answers, report)
    else await Promise.race([once(socket, 'close'), delay(30)])
  }
  socket.terminate()
  replica.destroy()
  report.closes[code] = (report.closes[code] ?? 0) + 1
}

function open(options: AttackOptions, role: Role, random: () => number): WebSocket {
  const { collabUrl, yWebsocketUrl, documentId, member } = options
  const token = random() < 0.9 ? member : random() < 0.5 ? options.stranger : 'no-token'
  const url = role === 'y-websocket' ? `${yWebsocketUrl}/${documentId}?token=${token}` : collabUrl
  // Each from somewhere else: failed sign-ins would keep the address out.
  const address = Array.from({ length: 3 }, () => Math.floor(random() * 256)).join('.')
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    handshakeTimeout: 3_000,
    headers: { 'x-forwarded-for': `10.${address}` },
  })
  socket.on('error', () => {})
  return socket
}

/** True once the document is open, for those who may open it. */
async function signIn(socket: WebSocket, options: AttackOptions, role: Role): Promise<boolean> {
  const { documentId } = options
  if (role === 'nobody') return false
  if (role === 'y-websocket') return (await Promise.race([once(socket, 'message'), delay(100, null)])) !== null
  socket.send(tokenFrame(documentId, role === 'member' ? options.member : options.stranger))
  if (role === 'stranger') return false
  socket.send(syncFrame(documentId, SyncType.Step1, Uint8Array.from([0])))
  const stepTwo = new Promise<boolean>((resolve) => {
    const hear = (data: Buffer): void => {
      const decoder = openFrame(data)
      if (decoding.readVarUint(decoder) !== FrameType.Sync) return
      if (decoding.readVarUint(decoder) !== SyncType.Step2) return
      socket.off('message', hear)
      resolve(true)
    }
    socket.on('message', hear)
  })
  return Promise.race([stepTwo, once(socket, 'close').then(() => false), delay(2_000, false)])
}

/** The kinds of answers to a lone frame: resolves at the first SyncStatus, a close, or when nothing comes. */
function listen(socket: WebSocket): Promise<'stored' | 'refused' | 'none'> {
  return new Promise((resolve) => {
    setTimeout(() => resolve('none'), patienceMs)
    socket.once('close', () => resolve('none'))
    socket.on('message', (data: Buffer) => {
      const decoder = openFrame(data)
      if (decoding.readVarUint(decoder) !== FrameType.SyncStatus) return
      resolve(decoding.readVarUint(decoder) === 1 ? 'stored' : 'refused')
    })
  })
}

function noteAnswers(frame: HostileFrame, answer: 'stored' | 'refused' | 'none', report: AttackReport): void {
  if (answer !== 'stored') return
  const update = frame.update ?? updateIn(frame.body)
  if (update) report.acknowledged.push(update)
  else report.oddAnswers.push(`${frame.kind}: ${Buffer.from(frame.body.subarray(0, 200)).toString('hex')}`)
}

/** What a mutated frame still holds, for whoever reads it as the protocol says. */
function updateIn(body: Uint8Array): Uint8Array | null {
  try {
    const decoder = decoding.createDecoder(body)
    const type = decoding.readVarUint(decoder)
    const isEdit = (type === FrameType.Sync || type === 4) && decoding.readVarUint(decoder) !== SyncType.Step1
    return isEdit ? decoding.readVarUint8Array(decoder) : null
  } catch {
    return null
  }
}

type Sending = { options: AttackOptions; role: Role; random: () => number; report: AttackReport }

function send(
  socket: WebSocket,
  { kind, body, times }: HostileFrame,
  { options, role, random, report }: Sending,
): void {
  report.frames++
  report.kinds[kind] = (report.kinds[kind] ?? 0) + 1
  const data = role === 'y-websocket' ? body : Buffer.concat([address(options, role, random), body])
  for (let i = 0; i < times && socket.readyState === WebSocket.OPEN; i++) {
    if (random() < 0.005) socket.send('text')
    else socket.send(data)
    report.messages++
  }
}

/** Mostly the document's; strangers try the other one, too. */
function address({ documentId, otherDocumentId }: AttackOptions, role: Role, random: () => number): Uint8Array {
  const isMember = role === 'member'
  const names = [documentId.toUpperCase(), '__proto__', `${documentId}\0session`, '\0', '', 'x'.repeat(5_000)]
  const draw = random()
  const name = draw < 0.92 ? documentId : draw < 0.96 ? (names[Math.floor(random() * names.length)] as string) : ''
  const target = !isMember && random() < 0.5 ? otherDocumentId : name
  const encoded = Buffer.from(target)
  const length = encoded.length < 128 ? [encoded.length] : [(encoded.length & 0x7f) | 0x80, encoded.length >> 7]
  const bytes = Buffer.concat([Uint8Array.from(length), encoded])
  return draw > 0.99 ? mutate(bytes, random) : bytes
}
