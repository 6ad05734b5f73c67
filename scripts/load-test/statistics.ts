/** Of times in milliseconds. */
export type Summary = { count: number; p50: number; p99: number; max: number }

/** Nearest rank; NaN where there are none. */
export function summarize(times: Iterable<number>): Summary {
  const sorted = Float64Array.from(times).sort()
  const at = (p: number): number => sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] ?? Number.NaN
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

export const formatSummary = ({ p50, p99, max }: Summary): string =>
  `p50 ${formatMs(p50)}, p99 ${formatMs(p99)}, max ${formatMs(max)}`

export const formatMs = (ms: number): string => `${ms.toFixed(2)} ms`

export const formatMegabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MB`

export const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
