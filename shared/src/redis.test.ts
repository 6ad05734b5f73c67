import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { expect } from 'chai'
import type { Redis } from 'ioredis'
import type { RedisConfig } from './config.ts'
import { createLogger, type Logger } from './log.ts'
import { createRedis, isReady, onReady, type RedisClient } from './redis.ts'
import { until } from './testing.ts'
import { type RedisServer, requireRedis, startRedis, startRedisCluster } from './testing-redis.ts'

describe('connections to Redis', () => {
  let redis: RedisServer
  const clients: RedisClient[] = []
  const lines: string[] = []
  let log: Logger

  before(async function () {
    requireRedis(this)
    redis = await startRedis({ args: ['--user', 'writer', 'on', '>p@ss/word', '~*', '&*', '+@all'] })
  })
  beforeEach(() => {
    log = createLogger('info', { write: (line) => void lines.push(line) })
  })
  after(() => redis?.stop())
  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect()
    await redis.restart()
    lines.length = 0
  })

  const connect = (role: 'publish' | 'subscribe', config: RedisConfig = redis.config): RedisClient => {
    const client = createRedis(config, log, { role })
    clients.push(client)
    return client
  }
  const failure = (work: Promise<unknown>): Promise<string> =>
    work.then(
      () => 'was done',
      (error: Error) => error.message,
    )
  const hear = (client: RedisClient): string[] => {
    const heard: string[] = []
    client.on('message', (_channel: string, message: string) => heard.push(message))
    return heard
  }
  /** As often as it takes, since a subscription may not have reached its node yet. */
  const publishUntil = (client: RedisClient, message: string, heard: string[]): Promise<void> =>
    until(async () => {
      await client.publish('channel', message).catch(() => {})
      return heard.includes(message)
    })

  it('fails fast while Redis is away, and says once that it is away and that it is back', async () => {
    const publisher = connect('publish')
    await until(() => isReady(publisher))
    await redis.kill()
    await until(() => !isReady(publisher))
    const started = performance.now()
    for (let i = 0; i < 100; i++) expect(await failure(publisher.publish('channel', 'x'))).not.to.equal('was done')
    expect(performance.now() - started).to.be.below(1_000)
    let attempts = 0
    publisher.on('reconnecting', () => attempts++)
    await until(() => attempts >= 4)
    await redis.restart()
    await until(() => isReady(publisher))
    expect(await failure(publisher.publish('channel', 'x'))).to.equal('was done')
    expect(lines.map((line) => JSON.parse(line).msg)).to.deep.equal(['Redis is away', 'Redis is back'])
  })

  it('keeps subscriptions, those too that were asked for while Redis was away', async () => {
    const publisher = connect('publish')
    const subscriber = connect('subscribe')
    const heard = hear(subscriber)
    let ready = 0
    onReady(subscriber, () => ready++)
    await until(() => ready === 1)
    await subscriber.subscribe('channel', 'left')
    await redis.kill()
    await until(() => !isReady(subscriber))
    expect(await failure(subscriber.subscribe('other'))).not.to.equal('was done')
    expect(await failure(subscriber.unsubscribe('left'))).not.to.equal('was done')
    await redis.restart()
    await until(() => ready === 2 && isReady(publisher))
    for (const channel of ['left', 'channel', 'other']) await publisher.publish(channel, `on ${channel}`)
    await until(() => heard.includes('on other'))
    expect(heard).to.deep.equal(['on channel', 'on other'])
  })

  it('notices within 3 s that Redis is there but silent', async () => {
    const both = [connect('publish'), connect('subscribe')]
    await until(() => both.every(isReady))
    redis.freeze()
    const frozen = performance.now()
    await until(() => !both.some(isReady))
    expect(performance.now() - frozen).to.be.below(3_000)
    redis.thaw()
    await until(() => both.every(isReady))
  })

  it('signs in, and never logs the password', async () => {
    const at = (password: string): RedisConfig => {
      const url = new URL(redis.config.url)
      url.username = 'writer'
      url.password = encodeURIComponent(password)
      return { ...redis.config, url: `${url.href}/2` }
    }
    const right = connect('publish', at('p@ss/word')) as Redis
    await until(() => isReady(right))
    expect(await right.client('INFO')).to.match(/ db=2 .* user=writer /)
    const wrong = connect('subscribe', at('wrong-secret'))
    expect(await failure(wrong.subscribe('channel'))).not.to.equal('was done')
    await until(() => lines.some((line) => line.includes('Redis is away')))
    expect(lines.join()).to.include('WRONGPASS').and.not.include('secret')
  })

  describe('of a Redis Cluster', () => {
    let cluster: Awaited<ReturnType<typeof startRedisCluster>>
    before(async () => {
      cluster = await startRedisCluster()
    })
    after(() => cluster.stop())

    it('publishes and subscribes, and goes to another node when one is lost', async () => {
      const publisher = connect('publish', cluster.config)
      const subscriber = connect('subscribe', cluster.config)
      const heard = hear(subscriber)
      subscriber.subscribe('channel').catch(() => {})
      await until(() => isReady(publisher) && isReady(subscriber))
      await publishUntil(publisher, 'first', heard)
      // The seed is who the subscriber is with; the channel's slot is on another node.
      await cluster.nodes[0]?.kill()
      await until(() => !isReady(subscriber))
      await until(() => isReady(subscriber))
      await publishUntil(publisher, 'second', heard)
    })
  })

  describe('over TLS, with a password', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'mdcreator-tls-'))
    const tls = { certificate: path.join(folder, 'certificate.pem'), key: path.join(folder, 'key.pem') }
    const secured = { tls, password: 'secret-word' }
    const trusted = getCACertificates()

    before(function () {
      const { status } = spawnSync('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'],
        ...['-keyout', tls.key, '-out', tls.certificate],
      ])
      if (status !== 0 && process.env.CI) throw new Error('There is no openssl to make a certificate with')
      if (status !== 0) this.skip()
      else setDefaultCACertificates([...trusted, readFileSync(tls.certificate, 'utf8')])
    })
    after(() => {
      setDefaultCACertificates(trusted)
      rmSync(folder, { recursive: true })
    })

    const bringsMessages = async (config: RedisConfig): Promise<void> => {
      const subscriber = connect('subscribe', config)
      const heard = hear(subscriber)
      subscriber.subscribe('channel').catch(() => {})
      await publishUntil(connect('publish', config), 'secured', heard)
    }

    it('works with one server, and refuses a certificate that nobody vouches for', async () => {
      const server = await startRedis(secured)
      try {
        await bringsMessages(server.config)
        setDefaultCACertificates(trusted)
        const careful = connect('publish', server.config)
        await until(() => lines.some((line) => /Redis is away/.test(line)))
        expect(isReady(careful)).to.equal(false)
        expect(lines.join())
          .to.match(/SELF_SIGNED|self-signed/)
          .and.not.include('secret-word')
      } finally {
        setDefaultCACertificates([...trusted, readFileSync(tls.certificate, 'utf8')])
        await server.stop()
      }
    })

    it('works with every node of a Redis Cluster', async () => {
      const cluster = await startRedisCluster(secured)
      try {
        await bringsMessages(cluster.config)
        const publisher = connect('publish', cluster.config)
        await until(() => isReady(publisher))
        for (let i = 0; i < 50; i++) await publisher.set(`key ${i}`, 'value')
      } finally {
        await cluster.stop()
      }
    })
  })
})
