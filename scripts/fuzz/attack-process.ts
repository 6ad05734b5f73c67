// The attackers in a process of their own, which takes no time from the clients whose latency is measured.
import { serve } from '../load-test/remote.ts'
import { attack } from './attack.ts'

const handlers = { attack }
export type AttackHandlers = typeof handlers

serve(handlers)
