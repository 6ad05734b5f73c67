import { existsSync, rmSync } from 'node:fs'
import { makeDataDir } from '@mdcreator/db/testing'
import { expect } from 'chai'
import { type Browser, chromium, type Page } from 'playwright-core'
import { ServerProcess } from './server-process.ts'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']

describe('the playground in a browser', function () {
  this.timeout(90_000)
  let server: ServerProcess
  let browser: Browser
  let dataDir: string
  before(async function () {
    if (!executablePath) {
      if (process.env['CI']) throw new Error('CI needs a browser: apt-get install chromium')
      console.log('    No Chromium on this machine: the browser tests are skipped')
      this.skip()
    }
    dataDir = makeDataDir()
    server = await ServerProcess.start(dataDir)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] })
  })
  after(async () => {
    await browser?.close()
    await server?.stop()
    if (dataDir) rmSync(dataDir, { recursive: true, force: true })
  })

  /** A window of its own, signed in as one of the demo's people. */
  const open = async (person: 1 | 2, documentId: string): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
    const page = await context.newPage()
    page.on('pageerror', (error) => expect.fail(`The page failed: ${error}`))
    await page.goto(`${server.address}/?as=${person}#/documents/${documentId}`)
    await page.getByTestId('editor').waitFor()
    await isSaved(page)
    return page
  }
  const isSaved = (page: Page): Promise<void> => page.locator('[data-testid=save-state][data-state=saved]').waitFor()
  const text = (page: Page): Promise<string> =>
    page
      .getByTestId('editor')
      .textContent()
      .then((content) => content ?? '')

  it("lets two people type into one document at the same time, each seeing the other's caret", async () => {
    const id = await server.createDocument('Start.')
    const [ada, ben] = await Promise.all([open(1, id), open(2, id)])
    await ada.getByText('Start.').waitFor()
    await ben.getByText('Start.').waitFor()
    await ada.getByTestId('editor').press('Control+End')
    await ada.keyboard.press('Enter')
    await ada.keyboard.type('A')
    await ben.locator('[data-testid=editor] p', { hasText: /^A/ }).waitFor()
    await ben.getByTestId('editor').press('Control+Home')
    await Promise.all([
      ada.keyboard.type('da writes here', { delay: 5 }),
      ben.keyboard.type('Ben writes here. ', { delay: 5 }),
    ])
    await Promise.all([isSaved(ada), isSaved(ben)])
    await ada.getByText('Ben writes here.').waitFor()
    await ben.getByText('Ada writes here').waitFor()
    expect(await ada.getByTestId('presence-person').count()).to.equal(2)
    expect(await ben.locator('.collaboration-carets__label').allInnerTexts()).to.deep.equal(['Ada Berg'])
    const plain = async (page: Page): Promise<string> =>
      (await text(page))
        .replace(/Ada Berg|Ben Okafor|\u2060/g, '')
        .replace(/\s+/g, ' ')
        .trim()
    expect(await plain(ada)).to.equal(await plain(ben))
    await Promise.all([ada.context().close(), ben.context().close()])
  })

  it('shows what a program writes over REST, in the open editor and without moving what is typed', async () => {
    const id = await server.createDocument('First paragraph.\n\nSecond paragraph.')
    const page = await open(1, id)
    await page.getByText('Second paragraph.').waitFor()
    await page.getByTestId('editor').press('Control+End')
    await page.keyboard.type(' Typed.')
    await isSaved(page)
    await server.replaceInDocument(id, 'First paragraph', 'Rewritten paragraph')
    await page.getByText('Rewritten paragraph.').waitFor()
    await page.keyboard.type(' More.')
    await isSaved(page)
    expect(await text(page)).to.equal('Rewritten paragraph.Second paragraph. Typed. More.')
    await page.context().close()
  })

  it('keeps what is typed while the server is killed, and says when it is saved again', async () => {
    const id = await server.createDocument('Before.')
    const page = await open(1, id)
    await page.getByText('Before.').waitFor()
    await page.getByTestId('editor').press('Control+End')
    await server.killEverything()
    await page.keyboard.type(' While it was away.')
    await page.locator('[data-testid=save-state][data-state=offline]').waitFor()
    server = await ServerProcess.start(dataDir, server.port)
    await isSaved(page)
    const other = await open(2, id)
    await other.getByText('Before. While it was away.').waitFor()
    await Promise.all([page.context().close(), other.context().close()])
  })
})
