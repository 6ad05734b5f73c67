import { newId } from '@mdcreator/shared/ids'
import { expect } from 'chai'
import { createLibrary, type Library } from './testing-library.ts'

describe('the change feed', () => {
  let library: Library
  let heir: string
  before(async () => {
    library = await createLibrary()
    heir = newId()
    await library.db.query(`insert into users (id, subject, email, display_name) values ($1, $2, $2, 'Eve')`, [
      heir,
      heir,
    ])
  })
  after(() => library.stop())

  /** What the statement logged, as `op entity`. */
  const logged = async (statement: string, values: unknown[] = []): Promise<string[]> => {
    await library.db.query('delete from sync_log')
    await library.db.query(statement, values)
    const { rows } = await library.db.query('select op, entity, audience from sync_log order by seq')
    return rows.map(({ op, entity, audience }) => `${op} ${entity}${audience ? ' for one' : ''}`)
  }

  it('tells of what a reader of a document can see, and of no checkpoint', async () => {
    const id = await library.document()
    const change = (columns: string) => logged(`update documents set ${columns} where id = '${id}'`)
    expect(await change(`content = 'x', plain_text = 'x', updated_by = '${library.user}'`)).to.deep.equal([
      'upsert document',
    ])
    const { rows } = await library.db.query('select version, changed_by from sync_log')
    expect(rows).to.deep.equal([{ version: 2, changed_by: library.user }])
    expect(await change(`yjs_state = 'x', epoch = epoch + 1, folded_ids = '{1}'`)).to.deep.equal([])
    expect(await change(`content = 'x', yjs_clock = 7`)).to.deep.equal([])
    expect(await change(`title = 'New'`)).to.deep.equal(['upsert document'])
    expect(await change('deleted_at = now()')).to.deep.equal(['delete document'])
    expect(await change('deleted_at = null')).to.deep.equal(['upsert document'])
  })

  it('tells of versions, comments, reactions, mind maps and files', async () => {
    const id = await library.document()
    const { user, workspace } = library
    const file = `'a', 'a/b', 1, repeat('b', 64)`
    const comment = newId()
    for (const [statement, ...lines] of [
      [
        `insert into document_versions (document_id, title, content) values ('${id}', 'x', 'x')`,
        'upsert document_version',
      ],
      [
        `insert into comments (id, document_id, body, created_by) values ('${comment}', '${id}', 'x', '${user}')`,
        'upsert comment',
      ],
      [
        `insert into comment_reactions (comment_id, user_id, emoji) values ('${comment}', '${user}', 'x')`,
        'upsert comment',
      ],
      [`update comments set range_start = 1`],
      [`delete from comment_reactions`, 'upsert comment'],
      [`update comments set deleted_at = now()`, 'delete comment'],
      [`insert into mindmaps (document_id, updated_by) values ('${id}', '${user}')`, 'upsert mindmap'],
      [`update mindmaps set yjs_clock = 3`],
      [`update mindmaps set nodes = '[{}]'`, 'upsert mindmap'],
      [
        `insert into attachments (workspace_id, filename, content_type, size, sha256, storage_key, created_by)
         values ('${workspace}', ${file}, 'k', '${user}')`,
        'upsert attachment',
      ],
      [
        `insert into context_files (workspace_id, filename, content_type, size, content_hash, storage, created_by)
         values ('${workspace}', ${file}, 'local', '${user}')`,
        'upsert context_file',
      ],
      [`update context_files set deleted_at = now()`, 'delete context_file'],
    ] as [string, ...string[]][]) {
      expect(await logged(statement), statement).to.deep.equal(lines)
    }
  })

  it('tells of a move as a loss in the one workspace and a gain in the other', async () => {
    const id = await library.document()
    await library.db.query(`insert into comments (document_id, body, created_by) values ($1, 'x', $2)`, [
      id,
      library.user,
    ])
    const elsewhere = await library.found(library.user)
    const lines = await logged('update documents set workspace_id = $2 where id = $1', [id, elsewhere])
    expect(lines.sort()).to.deep.equal(['delete comment', 'delete document', 'upsert comment', 'upsert document'])
    const { rows } = await library.db.query('select distinct op, workspace_id from sync_log order by op')
    expect(rows).to.deep.equal([
      { op: 'upsert', workspace_id: elsewhere },
      { op: 'delete', workspace_id: library.workspace },
    ])
  })

  it('tells members who joined and left, and whoever did of the workspace', async () => {
    const member = [library.workspace, heir]
    expect(await logged(`insert into workspace_members values ($1, $2, 'viewer')`, member)).to.deep.equal([
      'upsert workspace_member',
      'upsert workspace for one',
    ])
    expect(await logged(`update workspace_members set role = 'editor' where user_id = $1`, [heir])).to.deep.equal([
      'upsert workspace_member',
    ])
    expect(
      await logged('delete from workspace_members where workspace_id = $1 and user_id = $2', member),
    ).to.deep.equal(['delete workspace_member', 'delete workspace for one'])
  })

  it('knows who changed it, and on which device', async () => {
    const id = await library.document()
    await logged(
      `select set_config('app.user_id', '${heir}', true), set_config('app.device_id', 'laptop', true);
       update documents set title = 'New' where id = '${id}'`,
    )
    const { rows } = await library.db.query('select changed_by, device_id from sync_log')
    expect(rows).to.deep.equal([{ changed_by: heir, device_id: 'laptop' }])
  })
})

describe('a living workspace', () => {
  let library: Library
  before(async () => {
    library = await createLibrary()
  })
  after(() => library.stop())

  const commit = async (...statements: string[]): Promise<string> => {
    try {
      await library.db.query(statements.join(';'))
      return 'done'
    } catch (error) {
      return (error as { constraint: string }).constraint
    }
  }

  it('has exactly one owner at the end of every transaction', async () => {
    const { workspace, user } = library
    const heir = newId()
    await library.db.query(`insert into users (id, subject, email, display_name) values ($1, $2, $2, 'Eve')`, [
      heir,
      heir,
    ])
    const role = (who: string, to: string) =>
      `update workspace_members set role = '${to}' where workspace_id = '${workspace}' and user_id = '${who}'`
    const found = `insert into workspaces (name, created_by) values ('x', '${user}')`
    expect(await commit(found)).to.equal('workspaces_have_one_owner')
    expect(await commit(`insert into workspace_members values ('${workspace}', '${heir}', 'admin')`)).to.equal('done')
    expect(await commit(role(user, 'admin'))).to.equal('workspaces_have_one_owner')
    expect(await commit(role(heir, 'owner'))).to.equal('workspace_members_one_owner')
    expect(await commit(`delete from workspace_members where user_id = '${user}'`)).to.equal(
      'workspaces_have_one_owner',
    )
    expect(await commit(role(user, 'admin'), role(heir, 'owner'))).to.equal('done')
    expect(
      await commit(
        `update workspaces set deleted_at = now() where id = '${workspace}'`,
        `delete from workspace_members`,
      ),
    ).to.equal('done')
    expect(await commit(`update workspaces set deleted_at = null where id = '${workspace}'`)).to.equal(
      'workspaces_have_one_owner',
    )
  })
})
