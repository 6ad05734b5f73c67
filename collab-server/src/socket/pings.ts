import type { WebSocket } from 'ws'

/** Half of what a client may stay silent, in milliseconds. */
const everyMs = 20_000
const turns = 200

/** What is needed of a ws WebSocket. */
export type Pinged = Pick<WebSocket, 'ping' | 'terminate' | 'isPaused' | 'on'>

/**
 * Finds dead peers. Sockets are pinged by turns: the pings and pongs of everybody at once would hold up the edits of that
 * moment.
 */
export class Pings {
  private readonly sockets = Array.from({ length: turns }, () => new Set<Pinged>())
  private readonly silent = new WeakSet<Pinged>()
  private timer: NodeJS.Timeout | undefined
  private current = 0
  private nextSocket = 0

  start(): void {
    this.timer = setInterval(() => this.turn(), everyMs / turns)
    this.timer.unref()
  }

  stop(): void {
    clearInterval(this.timer)
  }

  /** Pings the socket until it is closed. */
  watch(ws: Pinged): void {
    const sockets = this.sockets[this.nextSocket++ % turns]
    sockets?.add(ws)
    ws.on('pong', () => this.silent.delete(ws))
    ws.on('close', () => sockets?.delete(ws))
  }

  /** Pings the sockets whose turn it is, and ends those of them that have not answered the last time. */
  turn(): void {
    for (const ws of this.sockets[this.current++ % turns] ?? []) {
      // A paused socket is not read, so its pong cannot have been seen.
      if (this.silent.has(ws) && !ws.isPaused) ws.terminate()
      else {
        this.silent.add(ws)
        ws.ping()
      }
    }
  }
}
