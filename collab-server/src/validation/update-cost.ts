import type * as Y from 'yjs'
import { Cost } from './cost.ts'
import { deletionCost, keystrokeCost } from './deletion-cost.ts'
import { Placement } from './placement.ts'
import type { Decoded } from './update-structs.ts'

/**
 * Estimates how long Yjs takes to integrate an update: rather too much, without changing anything, and in less time than
 * that itself, or than `budget` microseconds. `inFlight` is the number of structs that are accepted but not in the
 * document yet. What makes Yjs slow is not the size of an update: items that claim one place are compared each with
 * all others, each split moves all later structs of its Yjs client, and a deletion of ten bytes can take half the
 * document with it.
 */
export function estimateCost({ structs, ds }: Decoded, doc: Y.Doc, inFlight: number, budget: number): Cost {
  const cost = new Cost(budget)
  if (structs.length === 0 && keystrokeCost(ds, doc, cost)) return cost
  const placement = new Placement(doc, inFlight, cost, structs.length === 1)
  for (const struct of structs) {
    placement.add(struct)
    if (cost.isOver) return cost
  }
  if (isPlain(ds, placement)) return cost
  deletionCost(ds, doc, placement, cost)
  return cost
}

/** Nothing is deleted, and one type gets content without marks: most keystrokes. */
const isPlain = (deletes: Decoded['ds'], { replaced, changed, formats }: Placement): boolean =>
  deletes.clients.size === 0 && replaced.size === 0 && formats.size === 0 && changed.size < 2
