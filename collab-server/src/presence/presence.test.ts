import type { PresentPerson } from '@mdcreator/shared/bus/messages'
import { expect } from 'chai'
import { type Client, type Person, startWorld, type TestServer, until, type World } from '../testing.ts'

describe('presence', () => {
  let world: World
  let server: TestServer
  let ada: Person
  let grace: Person
  before(async () => {
    world = await startWorld()
    server = await world.server()
    ada = await world.person('Ada')
    grace = await world.person('Grace')
  })
  after(() => world.stop())

  const list = async (document: string): Promise<PresentPerson[]> =>
    (await server.bus.request('document.presence', { document_id: document })).people
  const join = async (document: string, { token }: Person): Promise<Client> => {
    const client = world.connect(server, document, token)
    await client.synced()
    return client
  }

  it('tells who is in a document, by the token, with the cursor and typing of the editor', async () => {
    const document = await world.document()
    const client = await join(document, ada)
    await join(document, grace)
    client.provider.setAwarenessField('user', { name: 'Somebody Else' })
    client.provider.setAwarenessField('cursor', { anchor: 3, head: 4 })
    client.provider.setAwarenessField('typing', true)
    await until(async () => (await list(document))[0]?.typing === true)
    const [first, second] = await list(document)
    expect(first?.user).to.deep.include({ id: ada.id, name: 'Ada' })
    expect(first).to.deep.include({ connections: 1, cursor: { anchor: 3, head: 4 } })
    expect(second?.user.id).to.equal(grace.id)
    expect(second).to.deep.include({ typing: false, cursor: null })
  })

  it('lets somebody go with the last tab, and remembers that they were there', async () => {
    const document = await world.document()
    const tabs = [await join(document, ada), await join(document, ada)]
    await until(async () => (await list(document))[0]?.connections === 2)
    tabs[0]?.close()
    await until(async () => (await list(document))[0]?.connections === 1)
    tabs[1]?.close()
    await until(async () => (await list(document)).length === 0)
    await until(async () => {
      const { rows } = await world.owner.query('select * from presence where document_id = $1', [document])
      return rows.length === 1 && rows[0].user_id === ada.id
    })
  })
})
