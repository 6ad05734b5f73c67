type Mutation = (data: Uint8Array, random: () => number) => Uint8Array

const below = (limit: number, random: () => number): number => Math.floor(random() * limit)
const noise = (length: number, random: () => number): Uint8Array =>
  Uint8Array.from({ length }, () => below(256, random))

/** Numbers at the edges of lib0's variable-length encoding. */
const numbers = [
  [0],
  [0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x07],
  [0x80, 0x80, 0x80, 0x80, 0x08],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
].map((bytes) => Uint8Array.from(bytes))

const mutations: Mutation[] = [
  // A bit or a byte is another.
  (data, random) => {
    const copy = data.slice()
    const at = below(copy.length, random)
    copy[at] = (copy[at] ?? 0) ^ (1 << below(8, random))
    return copy
  },
  (data, random) => {
    const copy = data.slice()
    copy[below(copy.length, random)] = below(256, random)
    return copy
  },
  // The end is missing.
  (data, random) => data.slice(0, below(data.length, random)),
  // A number is another.
  (data, random) => {
    const at = below(data.length, random)
    return splice(data, at, 1, numbers[below(numbers.length, random)] as Uint8Array)
  },
  // Something is left out, put in, or said twice.
  (data, random) => splice(data, below(data.length, random), 1 + below(4, random), new Uint8Array()),
  (data, random) => splice(data, below(data.length, random), 0, noise(1 + below(8, random), random)),
  (data, random) => {
    const from = below(data.length, random)
    return splice(data, from, 0, data.slice(from, from + 1 + below(16, random)))
  },
  (data, random) => splice(data, data.length, 0, noise(below(32, random), random)),
]

/** One to three mutations, mostly one: what is nearly right gets furthest. */
export function mutate(data: Uint8Array, random: () => number): Uint8Array {
  let result = data
  for (let left = 1 + below(1.4 + random() * 1.6, random); left > 0; left--) {
    const mutation = mutations[below(mutations.length, random)] as Mutation
    result = result.length > 0 ? mutation(result, random) : noise(8, random)
  }
  return result
}

export const randomBytes = noise

function splice(data: Uint8Array, at: number, removed: number, added: Uint8Array): Uint8Array {
  const result = new Uint8Array(Math.min(at, data.length) + added.length + Math.max(0, data.length - at - removed))
  result.set(data.subarray(0, at))
  result.set(added, at)
  result.set(data.subarray(at + removed), at + added.length)
  return result
}
