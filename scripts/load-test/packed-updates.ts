/**
 * Updates that wait to be applied, copied into one piece of memory: a thousand clients would otherwise keep ten thousand
 * small objects a second, and what the garbage collector does with them would be taken for the server's delay.
 */
export class PackedUpdates {
  private bytes = Buffer.allocUnsafeSlow(1024)
  private readonly ends: number[] = []

  get count(): number {
    return this.ends.length
  }

  push(update: Uint8Array): void {
    const start = this.ends.at(-1) ?? 0
    const end = start + update.byteLength
    if (end > this.bytes.byteLength) {
      const larger = Buffer.allocUnsafeSlow(2 * end)
      larger.set(this.bytes.subarray(0, start))
      this.bytes = larger
    }
    this.bytes.set(update, start)
    this.ends.push(end)
  }

  /** Takes them out, in their order. They are good until the next push. */
  takeAll(): Uint8Array[] {
    return this.ends.splice(0).map((end, i, ends) => this.bytes.subarray(ends[i - 1] ?? 0, end))
  }
}
