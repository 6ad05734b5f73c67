import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { Problem, problemTypes } from '../http/problem.ts'
import { Limiter } from '../limiter.ts'

const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>

/** OWASP's second choice for argon2id: 19 MiB, 2 passes, 1 lane. About 20 ms. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 }
const tagLength = 32

// One less than libuv's thread pool, so that files and DNS have their turn; the queue is about half a second long.
const limiter = new Limiter({ concurrency: 3, queue: 60 })

/**
 * The argon2id hash in PHC form (`$argon2id$v=19$m=…,t=…,p=…$salt$tag`).
 * @throws Problem 503 where too many sign in at once
 */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16)
  const tag = await run({ message: password, nonce, ...cost, tagLength })
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${encode(nonce)}$${encode(tag)}`
}

/**
 * Whether the password is the one of the hash. Without a hash it does the same work and says no, so that the time of
 * an answer does not tell whether there is an account.
 * @throws Problem 503 where too many sign in at once
 */
export async function verifyPassword(password: string, phc: string | null | undefined): Promise<boolean> {
  const parsed = phc ? parse(phc) : undefined
  const { tag, ...parameters } = parsed ?? decoy
  const got = await run({ message: password, tagLength: tag.length, ...parameters })
  return timingSafeEqual(got, tag) && parsed !== undefined
}

const decoy = { nonce: randomBytes(16), tag: randomBytes(tagLength), ...cost }

function parse(phc: string): typeof decoy | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/.exec(phc)
  if (!match) return undefined
  const [, memory, passes, parallelism, nonce = '', tag = ''] = match
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    nonce: Buffer.from(nonce, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

function run(parameters: Argon2Parameters): Promise<Buffer> {
  const work = limiter.run(() => derive('argon2id', parameters))
  if (work) return work
  throw new Problem(problemTypes.busy, 'Too many people are signing in at once', { headers: { 'Retry-After': '1' } })
}

/** PHC strings have no padding. */
const encode = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
