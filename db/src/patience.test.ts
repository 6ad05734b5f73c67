import { createLogger } from '@mdcreator/shared/log'
import { retrying } from '@mdcreator/shared/retry'
import { UserError } from '@mdcreator/shared/user-error'
import { expect } from 'chai'
import { awaitMigrations, migrate, pendingMigrations } from './migrate.ts'
import { databasePatience } from './patience.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

describe('how long a server that starts waits for its database', () => {
  let database: TestDatabase
  const log = createLogger('silent')
  before(async () => {
    database = await createTestDatabase()
  })
  after(() => database.drop())

  for (const [what, change, said] of [
    ['the password is refused', { password: 'wrong' }, /refused the password/],
    ['the user is not known', { username: 'nobody' }, /refused the password/],
    ['there is no such database', { pathname: '/none' }, /no database of that name/],
  ] as const) {
    it(`not at all, where ${what}`, async () => {
      const { href } = Object.assign(new URL(database.url), change)
      let attempts = 0
      const looking = retrying(
        () => {
          attempts++
          return pendingMigrations(href)
        },
        databasePatience({ log, awayMs: 10_000, otherMs: 10_000 }),
      )
      const error = await looking.then(
        () => null,
        (reason: Error) => reason,
      )
      expect(error).to.be.instanceOf(UserError).with.property('message').that.matches(said)
      expect(attempts).to.equal(1)
    })
  }

  it('until the migrations are made that are made beside it', async () => {
    await migrate(database.url, 'down')
    const waiting = awaitMigrations({ url: database.url, log, awayMs: 0 })
    await migrate(database.url)
    await waiting
  })
})
