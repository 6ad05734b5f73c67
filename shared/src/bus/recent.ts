/** Bounds for what is kept. */
const keepMs = 60_000
const maxEntries = 1_000
const maxCharacters = 32 * 1024 * 1024

/** The latest values, by their commands' ids; the oldest are forgotten. */
export class Recent<V> {
  /** Oldest first. */
  private readonly entries = new Map<string, { value: V; characters: number; at: number }>()
  private characters = 0

  get(id: string): V | undefined {
    return this.entries.get(id)?.value
  }

  /** True where nothing that is younger than a minute would have to be forgotten for it. */
  hasRoomFor(characters: number): boolean {
    this.forgetOld()
    return this.entries.size < maxEntries && this.characters + characters <= maxCharacters
  }

  /** @param characters what keeping it costs */
  add(id: string, value: V, characters: number): void {
    this.entries.set(id, { value, characters, at: performance.now() })
    this.characters += characters
    this.forgetOld()
  }

  delete(id: string): void {
    this.characters -= this.entries.get(id)?.characters ?? 0
    this.entries.delete(id)
  }

  private forgetOld(): void {
    const now = performance.now()
    for (const [id, { at }] of this.entries) {
      const isTooMuch = this.entries.size > maxEntries || this.characters > maxCharacters
      if (now - at < keepMs && !isTooMuch) return
      this.delete(id)
    }
  }
}
