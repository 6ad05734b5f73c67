import { z } from 'zod'
import { type Endpoint, endpoint } from './endpoint.ts'
import { type ProblemType, problemTypes, unavailable } from './problem.ts'

/** Rejects where the dependency is not usable. */
export type Check = () => Promise<unknown>

export type HealthOptions = {
  checks: Record<string, Check>
  /** True once the server is shutting down: load balancers must send nothing more. */
  isStopping: () => boolean
  /** Milliseconds for each check. */
  timeoutMs?: number
}

const Health = z.object({ status: z.literal('ok') }).meta({ id: 'Health' })
const notReady: ProblemType = {
  ...problemTypes.unavailable,
  members: { away: z.array(z.string().meta({ example: 'database' })) },
}

const Readiness = z.object({ status: z.literal('ready') }).meta({ id: 'Readiness' })

/** `/healthz`: the process is alive. `/readyz`: and can serve. */
export function healthEndpoints({ checks, isStopping, timeoutMs = 2_000 }: HealthOptions): Endpoint[] {
  const shared = Object.entries(checks).map(([name, check]) => [name, oneAtATime(check, timeoutMs)] as const)
  return [
    endpoint({
      method: 'get',
      path: '/healthz',
      operationId: 'getHealth',
      tag: 'Process',
      summary: 'Whether the process is alive',
      description: 'For a supervisor: it looks at nothing but the process itself.',
      auth: 'public',
      unlimited: true,
      response: Health,
      handle: async () => ({ body: { status: 'ok' as const } }),
    }),
    endpoint({
      method: 'get',
      path: '/readyz',
      operationId: 'getReadiness',
      tag: 'Process',
      summary: 'Whether every dependency is there',
      description: 'A 503 names those that are not, in `away`.',
      auth: 'public',
      unlimited: true,
      response: Readiness,
      problems: [notReady],
      handle: async () => {
        if (isStopping()) throw unavailable('The server is shutting down', 5, { away: [] })
        const results = await Promise.all(shared.map(async ([name, check]) => ((await check()) ? [] : [name])))
        const away = results.flat()
        if (away.length > 0) throw unavailable(`Not ready: ${away.join(', ')}`, 2, { away })
        return { body: { status: 'ready' as const } }
      },
    }),
  ]
}

/** Callers at the same time share one run: probing us must not load what is ailing. */
function oneAtATime(check: Check, timeoutMs: number): () => Promise<boolean> {
  let running: Promise<boolean> | undefined
  return () => {
    running ??= succeeds(check, timeoutMs).finally(() => {
      running = undefined
    })
    return running
  }
}

async function succeeds(check: Check, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs)
  })
  const done = check().then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([done, late])
  } finally {
    clearTimeout(timer)
  }
}
