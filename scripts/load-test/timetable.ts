export type Event = { atMs: number; act: () => void }

/** Repeats events with a period, each at its own time in it; those that are late are made up for at once. */
export class Timetable {
  private readonly events: Event[]
  private readonly periodMs: number
  private timer: NodeJS.Timeout | undefined
  private next = 0

  constructor(periodMs: number, events: Event[]) {
    this.periodMs = periodMs
    this.events = events.toSorted((a, b) => a.atMs - b.atMs)
  }

  start(): void {
    const start = performance.now()
    const dueAt = (n: number): number => {
      const period = Math.floor(n / this.events.length)
      return start + period * this.periodMs + this.event(n).atMs
    }
    const tick = (): void => {
      while (dueAt(this.next) <= performance.now()) this.event(this.next++).act()
      this.timer = setTimeout(tick, Math.max(1, dueAt(this.next) - performance.now()))
    }
    if (this.events.length > 0) tick()
  }

  stop(): void {
    clearTimeout(this.timer)
  }

  private event(n: number): Event {
    return this.events[n % this.events.length] as Event
  }
}
