import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { WebSocket } from 'ws'
import * as Yrs from 'ywasm'
import { yWebsocketUrl } from './socket/testing-y-websocket.ts'
import type { TestServer } from './testing.ts'
import { MessageType, SyncType } from './wire/frame.ts'

export type YrsClient = ReturnType<typeof connectYrs>

/** A client on the Rust implementation of Yjs, which speaks the y-websocket protocol. */
export function connectYrs(server: Pick<TestServer, 'url'>, documentId: string, token: string) {
  const doc = new Yrs.YDoc({})
  const closes: number[] = []
  let ws: WebSocket | null = null
  let isApplying = false
  const send = (type: number, payload: Uint8Array): void => {
    if (ws?.readyState === WebSocket.OPEN) ws.send(syncMessage(type, payload))
  }
  const observer = doc.onUpdate((update: Uint8Array) => {
    if (!isApplying) send(SyncType.Update, update)
  })
  const receive = (data: Uint8Array): void => {
    const decoder = decoding.createDecoder(data)
    if (decoding.readVarUint(decoder) !== MessageType.Sync) return
    const type = decoding.readVarUint(decoder)
    const payload = decoding.readVarUint8Array(decoder)
    if (type === SyncType.Step1) {
      send(SyncType.Step2, Yrs.encodeStateAsUpdate(doc, payload))
      return
    }
    isApplying = true
    Yrs.applyUpdate(doc, payload, 'server')
    isApplying = false
  }
  const connect = (): void => {
    ws = new WebSocket(`${yWebsocketUrl(server)}/${documentId}?token=${token}`)
    ws.on('open', () => send(SyncType.Step1, Yrs.encodeStateVector(doc)))
    ws.on('message', (data: Buffer) => receive(data))
    ws.on('close', (code) => closes.push(code))
    ws.on('error', () => {})
  }
  connect()
  return {
    doc,
    closes,
    connect,
    disconnect: () => ws?.terminate(),
    close(): void {
      ws?.terminate()
      observer.free()
    },
  }
}

const syncMessage = (type: number, payload: Uint8Array): Uint8Array =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, MessageType.Sync)
    encoding.writeVarUint(encoder, type)
    encoding.writeVarUint8Array(encoder, payload)
  })
