// What ours is measured against: Hocuspocus as it comes, on the port of the argument. No persistence, no authentication.
import { Server } from '@hocuspocus/server'

await new Server({ port: Number(process.argv[2]), address: '127.0.0.1', quiet: true }).listen()
