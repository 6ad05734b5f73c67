import { type Action, can, type Role, roles } from '@mdcreator/shared/roles'
import { expect } from 'chai'
import { type Outcome, type Person, people, World } from './world.ts'

// What depends on the row as well as on the table.

describe("row-level security, row by row, as the API's role", () => {
  let world: World
  before(async () => {
    world = await World.create()
  })
  after(() => world.stop())

  const roleOf = (person: Person): Role | null =>
    (roles as readonly string[]).includes(person) ? (person as Role) : null
  const allowed = (person: Person, action: Action): boolean => can(roleOf(person), action)
  const attempt = (person: Person, sql: string): Promise<Outcome> => world.attempt(person, sql)

  for (const person of people) {
    it(`says what the matrix says of a ${person} who changes roles`, async () => {
      for (const target of roles) {
        for (const grant of roles) {
          const outcome = await attempt(
            person,
            `update workspace_members set role = '${grant}' where user_id = ':${target}'`,
          )
          const may = allowed(person, 'member.update') && target !== 'owner' && grant !== 'owner'
          expect(outcome === 'done', `${target} to ${grant}`).to.equal(may)
          if (allowed(person, 'member.update') && target !== 'owner' && grant === 'owner') {
            expect(outcome).to.equal('refused')
          }
        }
      }
    })

    it(`says what the matrix says of a ${person} who removes members`, async () => {
      for (const target of roles) {
        const outcome = await attempt(person, `delete from workspace_members where user_id = ':${target}'`)
        const may = (allowed(person, 'member.remove') || person === target) && target !== 'owner'
        expect(outcome, target).to.equal(may ? 'done' : 'nothing')
      }
    })

    it(`says what the matrix says of a ${person} who deletes the workspace`, async () => {
      const outcome = await attempt(person, `update workspaces set deleted_at = now()`)
      expect(outcome === 'done').to.equal(allowed(person, 'workspace.delete'))
    })

    it(`says what the matrix says of a ${person} and somebody else's comment`, async () => {
      // The comment is the commenter's.
      const rewrite = await attempt(person, `update comments set body = 'I never said that'`)
      expect(rewrite === 'done').to.equal(person === 'commenter')
      const remove = await attempt(person, `update comments set deleted_at = now()`)
      expect(remove === 'done').to.equal(person === 'commenter' || allowed(person, 'comment.moderate'))
    })
  }

  it('lets nobody join, or found a workspace for somebody else', async () => {
    for (const person of ['stranger', 'former'] as const) {
      for (const role of roles) {
        const join = `insert into workspace_members (workspace_id, user_id, role) values (':workspace', ':me', '${role}')`
        expect(await attempt(person, join)).to.equal('refused')
      }
    }
    const found = `insert into workspaces (id, name, created_by) values (':new', 'x', ':editor')`
    expect(await attempt('stranger', found)).to.equal('refused')
  })

  it('judges one who changes several rows at once by the old role', async () => {
    expect(await attempt('editor', `update workspace_members set role = 'admin'`)).to.equal('nothing')
  })

  it('takes nothing in the name of somebody else', async () => {
    for (const [table, columns, values] of [
      ['documents', 'workspace_id, title, created_by', `':workspace', 'x', ':editor'`],
      [
        'document_versions',
        'document_id, workspace_id, title, content, created_by',
        `':document', ':workspace', 'x', 'x', ':editor'`,
      ],
      ['comments', 'document_id, workspace_id, body, created_by', `':document', ':workspace', 'x', ':editor'`],
      ['comment_reactions', 'comment_id, workspace_id, user_id, emoji', `':comment', ':workspace', ':editor', 'x'`],
      ['usage_metrics', 'user_id, kind, provider, model, key_owner', `':editor', 'ai.generate', 'x', 'x', 'user'`],
    ]) {
      const sql = `insert into ${table} (${columns}) values (${values})`
      expect(await attempt('owner', sql), table).to.equal('refused')
      expect(await attempt('editor', sql), table).to.equal('done')
    }
  })

  it("does not believe a workspace that is not the document's", async () => {
    const own = await world.foundWorkspace('stranger')
    const comment = `insert into comments (document_id, workspace_id, body, created_by) values (':document', '${own}', 'x', ':me')`
    expect(await attempt('stranger', comment)).to.equal('refused')
    // The answer does not tell whether there is such a document.
    expect(await attempt('stranger', comment.replace(':document', ':new'))).to.equal('refused')
  })

  it('lets a document move only where one may write on both sides', async () => {
    const own = await world.foundWorkspace('viewer')
    expect(await attempt('viewer', `update documents set workspace_id = '${own}'`)).to.equal('nothing')
    const editors = await world.foundWorkspace('editor')
    expect(await attempt('editor', `update documents set workspace_id = '${own}'`)).to.equal('refused')
    expect(await attempt('editor', `update documents set workspace_id = '${editors}'`)).to.equal('done')
  })

  it('tells a former member of the loss, and of nothing else', async () => {
    const told = `select from sync_log where entity = 'workspace' and op = 'delete' and audience = ':me'`
    expect(await attempt('former', told)).to.equal('done')
    expect(await attempt('former', `select from sync_log where audience is distinct from ':me'`)).to.equal('nothing')
    expect(await attempt('owner', `select from sync_log where audience = ':former'`)).to.equal('nothing')
  })

  it('answers statistics, changes and search to members only', async () => {
    await world.owner.query('refresh materialized view workspace_statistics')
    for (const person of people) {
      const isMember = roleOf(person) !== null
      const statistics = await attempt(person, `select * from workspace_statistics_of(':workspace')`)
      expect(statistics === 'done', person).to.equal(isMember)
      const changes = await attempt(person, `select from changes_after('0', 0, 100) where entity = 'document'`)
      expect(changes === 'done', person).to.equal(isMember)
      const found = await attempt(person, `select * from search_documents('secret')`)
      expect(found === 'done', person).to.equal(isMember)
    }
  })
})
