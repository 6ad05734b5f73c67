// node scripts/migrate.ts up|down: brings the database of DATABASE_URL to the newest schema, or to none.
import { migrate } from '@mdcreator/db/migrate'
import { loadConfig } from '@mdcreator/shared/config'
import { exitWithUserError, UserError } from '@mdcreator/shared/user-error'

try {
  const direction = process.argv[2]
  if (direction !== 'up' && direction !== 'down')
    throw new UserError('Say which way: node scripts/migrate.ts up, or down')
  const { databaseUrl } = loadConfig()
  if (!databaseUrl)
    throw new UserError('DATABASE_URL is not set: `npm start` brings its own database up to date by itself')
  const names = await migrate(databaseUrl, direction)
  console.log(names.length > 0 ? `${direction}: ${names.join(', ')}` : 'Nothing to do')
} catch (error) {
  exitWithUserError(error)
}
