import { seededRandom } from '@mdcreator/shared/random'
import { expect } from 'chai'
import type * as Y from 'yjs'
import { connectYWebsocket } from './socket/testing-y-websocket.ts'
import { type Client, startWorld, type TestServer, until, type World } from './testing.ts'
import { contentOfYjs, contentOfYrs, editYjs, editYrs, randomEdit } from './testing-edits.ts'
import { connectYrs, type YrsClient } from './testing-yrs.ts'

describe('Yrs and Yjs', () => {
  let world: World
  let server: TestServer
  let token: string
  const open: { close(): void }[] = []
  before(async () => {
    world = await startWorld()
    server = await world.server()
    token = (await world.person('Ada')).token
  })
  afterEach(() => {
    for (const client of open.splice(0)) client.close()
  })
  after(() => world.stop())

  const join = async (document: string) => {
    const yrs = connectYrs(server, document, token)
    const hocuspocus = world.connect(server, document, token)
    const yWebsocket = connectYWebsocket(server, document, token)
    open.push(yrs, yWebsocket)
    await Promise.all([hocuspocus.synced(), yWebsocket.synced()])
    return { yrs, hocuspocus, yWebsocket }
  }
  /** Resolves once all hold the same. */
  const converge = async (yrs: YrsClient, others: { document: Y.Doc }[]): Promise<void> => {
    const contents = (): string[] =>
      [contentOfYrs(yrs.doc), ...others.map(({ document }) => contentOfYjs(document))].map((content) =>
        JSON.stringify(content),
      )
    await until(() => new Set(contents()).size === 1)
  }

  it('edit one document together: text, elements, attributes, maps and deletions', async () => {
    const { yrs, hocuspocus, yWebsocket } = await join(await world.document())
    const both = [hocuspocus, yWebsocket]
    editYrs(yrs.doc, { kind: 'insert', at: 0, text: 'a😀b👩‍👩‍👧c' })
    editYjs(hocuspocus.document, { kind: 'add-paragraph', at: 0, text: 'Ünï漢字', level: '1' })
    editYjs(yWebsocket.document, { kind: 'set', key: '🔑', value: 7 })
    await converge(yrs, both)
    editYrs(yrs.doc, { kind: 'type-in-paragraph', at: 0, text: '!' })
    editYrs(yrs.doc, { kind: 'set-attribute', at: 0, text: '2' })
    editYjs(hocuspocus.document, { kind: 'delete', at: 0.1, count: 1 })
    editYrs(yrs.doc, { kind: 'unset', key: '🔑' })
    editYjs(yWebsocket.document, { kind: 'set', key: 'a', value: null })
    await converge(yrs, both)
    expect(contentOfYrs(yrs.doc)).to.deep.include({
      text: 'ab👩‍👩‍👧c',
      fragment: '<paragraph level="2">!Ünï漢字</paragraph>',
      map: { a: null },
    })
    for (const edit of [editYrs.bind(null, yrs.doc), editYjs.bind(null, hocuspocus.document)]) {
      for (const at of [0, 0.9]) edit({ kind: 'add-paragraph', at, text: 'gone', level: '3' })
      await converge(yrs, both)
    }
    for (let paragraphs = 5; paragraphs > 0; paragraphs -= 2) {
      editYrs(yrs.doc, { kind: 'remove-paragraph', at: 0 })
      await converge(yrs, both)
      editYjs(hocuspocus.document, { kind: 'remove-paragraph', at: 0.9 })
      await converge(yrs, both)
    }
    expect(contentOfYrs(yrs.doc)).to.deep.include({ fragment: '' })
  })

  for (const seed of [1, 2, 3]) {
    it(`converge after random edits at once, offline ones too (seed ${seed})`, async () => {
      const random = seededRandom(seed)
      const document = await world.document()
      const { yrs, hocuspocus, yWebsocket } = await join(document)
      const editors = [
        () => editYrs(yrs.doc, randomEdit(random)),
        () => editYjs(hocuspocus.document, randomEdit(random)),
        () => editYjs(yWebsocket.document, randomEdit(random)),
      ]
      for (let round = 0; round < 4; round++) {
        if (round % 2) {
          yrs.disconnect()
          yWebsocket.provider.disconnect()
        }
        for (let i = 0; i < 60; i++) {
          editors[Math.floor(random() * editors.length)]?.()
          if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve))
        }
        if (round % 2) {
          yrs.connect()
          yWebsocket.provider.connect()
        }
        await converge(yrs, [hocuspocus, yWebsocket])
        expect(contentOfYrs(yrs.doc), `seed ${seed}, round ${round}`).to.deep.equal(contentOfYjs(hocuspocus.document))
      }
      await hocuspocus.synced()
      const elsewhere: Client = world.connect(await world.server(), document, token)
      await elsewhere.synced()
      expect(contentOfYjs(elsewhere.document)).to.deep.equal(contentOfYrs(yrs.doc))
      expect(hocuspocus.closes).to.deep.equal([])
      expect(yWebsocket.closes).to.deep.equal([])
    })
  }
})
