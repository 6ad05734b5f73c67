export type { components } from './api.ts'
export { allItems, type Client, type ClientOptions, createClient } from './client.ts'
export { ApiError, type Problem } from './problem.ts'
export { memoryStore, type TokenStore, type Tokens } from './session.ts'
