import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '@mdcreator/shared/config'
import type { Logger } from '@mdcreator/shared/log'
import { z } from 'zod'
import { Limiter } from '../limiter.ts'
import { outbox } from './outbox.ts'
import { smtp } from './smtp.ts'
import type { Mail, Transport } from './transport.ts'

/** Mails that are sent at once, and that wait; what is more is dropped, and logged. */
const bounds = { concurrency: 4, queue: 500 }
const maxSubjectLength = 200

const Address = z.string().max(254).regex(z.regexes.email)

type MailerOptions = { transport: Transport; from: string; log: Logger; pausesMs?: number[] }

/** Sends mail in the background, so that no answer waits for it, or tells by its time whether there was one to send. */
export class Mailer {
  private readonly transport: Transport
  private readonly from: string
  private readonly log: Logger
  private readonly pausesMs: number[]
  private readonly limiter = new Limiter(bounds)
  private readonly sending = new Set<Promise<void>>()
  private readonly closing = new AbortController()

  /** `pausesMs`: the waits before each further try. */
  constructor({ transport, from, log, pausesMs = [2_000, 15_000] }: MailerOptions) {
    this.transport = transport
    this.from = from
    this.log = log
    this.pausesMs = pausesMs
  }

  /**
   * Takes a mail and returns at once. It is tried again where the failure may pass. What becomes of it is in the
   * log; the mail itself never is.
   * @throws ZodError where `to` is not one address
   */
  send({ to, subject, ...content }: Mail): void {
    const mail = { ...content, from: this.from, to: Address.parse(to), subject: oneLine(subject) }
    const sent = this.limiter.run(() => this.deliver(mail))
    if (!sent) {
      this.log.error({ queue: bounds.queue }, 'a mail was dropped: too many wait to be sent')
      return
    }
    this.sending.add(sent)
    void sent.finally(() => this.sending.delete(sent))
  }

  /** Resolves when nothing is waiting to be sent. */
  async idle(): Promise<void> {
    while (this.sending.size > 0) await Promise.all(this.sending)
  }

  /** Gives what waits one last try, now. */
  async close(): Promise<void> {
    this.closing.abort()
    await this.idle()
  }

  private async deliver(mail: Mail & { from: string }): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        this.log.info({ mail: await this.transport(mail) }, 'a mail was sent')
        return
      } catch (err) {
        const pauseMs = this.pausesMs[tries - 1]
        if (pauseMs === undefined || isFinal(err) || this.closing.signal.aborted) {
          this.log.error({ err, tries }, 'a mail could not be sent')
          return
        }
        this.log.warn({ err, tries }, 'a mail could not be sent yet')
        await sleep(pauseMs, undefined, { signal: this.closing.signal }).catch(() => {})
      }
    }
  }
}

/** SMTP where `SMTP_URL` is set, else files in `DATA_DIR/outbox`. */
export function createMailer({ mail, dataDir }: Pick<Config, 'mail' | 'dataDir'>, log: Logger): Mailer {
  const transport = mail.smtpUrl === null ? outbox(path.resolve(dataDir, 'outbox')) : smtp(mail.smtpUrl)
  return new Mailer({ transport, from: mail.from, log })
}

/** A subject may hold names that people gave themselves: no line end may begin another header. */
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, maxSubjectLength)

/** A refusal for good (RFC 5321, section 4.2.1), or a password that is not taken: to try again is of no use. */
function isFinal(error: unknown): boolean {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown }
  return (typeof responseCode === 'number' && responseCode >= 500) || code === 'EAUTH'
}
