// node scripts/chaos/postgres-main.ts <data folder> <port>: PostgreSQL that commits to disk, until stdin ends.
import { startEmbeddedPostgres } from '@mdcreator/db/embedded'

const [dataDir = '', port] = process.argv.slice(2)
const { url, stop } = await startEmbeddedPostgres(dataDir, { port: Number(port), maxConnections: 60 })
process.stdin.on('end', () => void stop().then(() => process.exit())).resume()
console.log(url)
