import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { newId } from '@mdcreator/shared/ids'
import { createTransport } from 'nodemailer'
import type { Transport } from './transport.ts'

/** Older mails are deleted. */
const maxFiles = 200

/** Writes each mail to a file that any mail program opens; only the owner may read it. Ids sort by time. */
export function outbox(folder: string): Transport {
  const printer = createTransport({
    streamTransport: true,
    buffer: true,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return async ({ to, ...mail }) => {
    const { message } = await printer.sendMail({ ...mail, to: { name: '', address: to } })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = path.join(folder, `${newId()}.eml`)
    await writeFile(file, message as Buffer, { mode: 0o600, flag: 'wx' })
    await deleteOldest(folder)
    return file
  }
}

async function deleteOldest(folder: string): Promise<void> {
  const mails = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
  for (const name of mails.slice(0, -maxFiles)) await rm(path.join(folder, name), { force: true })
}
