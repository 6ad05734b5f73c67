import { expect } from 'chai'
import { Outbox } from './outbox.ts'
import { decodeMail, type PeerMessage } from './peer-messages.ts'

const row = (id: number, bytes = 3): PeerMessage => ({
  ...{ type: 'row', id, userId: null, origin: 'client' },
  data: new Uint8Array(bytes).fill(7),
})
const caret: PeerMessage = { type: 'awareness', update: new Uint8Array([1, 2]) }

describe('the outbox', () => {
  let sent: { to: string; from: string; documents: [string, PeerMessage[]][] }[]
  let outbox: Outbox
  beforeEach(() => {
    sent = []
    outbox = new Outbox('here', (to, mail) => {
      const { server, documents } = decodeMail(mail)
      sent.push({ to, from: server, documents })
    })
  })

  it('tells each server of its documents in one message, in their order', () => {
    outbox.add(['a', 'b'], 'one', row(1))
    outbox.add(['a'], 'two', row(2))
    outbox.add(['a', 'b'], 'one', caret)
    outbox.flush()
    expect(sent).to.deep.equal([
      {
        ...{ to: 'a', from: 'here' },
        documents: [
          ['one', [row(1), caret]],
          ['two', [row(2)]],
        ],
      },
      { to: 'b', from: 'here', documents: [['one', [row(1), caret]]] },
    ])
    outbox.flush()
    expect(sent).to.have.length(2)
  })

  it('sends by itself what is collected', async () => {
    const to = await new Promise((resolve) => new Outbox('here', resolve).add(['a'], 'one', row(1)))
    expect(to).to.equal('a')
  })

  it('does not collect more than a megabyte', () => {
    outbox.add(['a'], 'one', row(1, 700_000))
    expect(sent).to.deep.equal([])
    outbox.add(['a'], 'one', row(2, 700_000))
    expect(sent).to.have.length(1)
  })
})
