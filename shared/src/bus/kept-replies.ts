/** Bounds for what is kept for those who missed it. */
const keepMs = 60_000
const maxReplies = 1_000
const maxCharacters = 32 * 1024 * 1024

/** The last replies, by the command's id, oldest first. A command that is still being handled has null. */
export class KeptReplies {
  private readonly entries = new Map<string, { reply: string | null; at: number }>()
  private characters = 0

  /** The reply, null while there is none yet, undefined for a command that is not known. */
  get(id: string): string | null | undefined {
    return this.entries.get(id)?.reply
  }

  begin(id: string): void {
    this.entries.set(id, { reply: null, at: performance.now() })
  }

  finish(id: string, reply: string): void {
    // To the end of the map: oldest first.
    this.entries.delete(id)
    this.entries.set(id, { reply, at: performance.now() })
    this.characters += reply.length
    this.forgetOld()
  }

  private forgetOld(): void {
    const now = performance.now()
    for (const [id, { reply, at }] of this.entries) {
      const isTooMuch = this.entries.size > maxReplies || this.characters > maxCharacters
      if (now - at < keepMs && !isTooMuch) return
      if (reply === null) continue
      this.entries.delete(id)
      this.characters -= reply.length
    }
  }
}
