import type { AttackReport } from './attack.ts'

/** What several attacks, one after the other, came to. */
export function joinReports(reports: AttackReport[]): AttackReport {
  const sum = (count: (report: AttackReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0)
  return {
    frames: sum(({ frames }) => frames),
    messages: sum(({ messages }) => messages),
    sockets: sum(({ sockets }) => sockets),
    kinds: joinCounts(reports.map(({ kinds }) => kinds)),
    closes: joinCounts(reports.map(({ closes }) => closes)),
    acknowledged: reports.flatMap(({ acknowledged }) => acknowledged),
    oddAnswers: reports.flatMap(({ oddAnswers }) => oddAnswers),
  }
}

function joinCounts(all: Record<string, number>[]): Record<string, number> {
  const joined: Record<string, number> = {}
  for (const counts of all) for (const [key, count] of Object.entries(counts)) joined[key] = (joined[key] ?? 0) + count
  return joined
}
