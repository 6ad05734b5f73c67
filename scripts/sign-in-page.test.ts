import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signUp, startApi, type TestApi, type TestUser, testPassword } from '@mdcreator/api-server/testing'
import { expect } from 'chai'
import { type Browser, chromium, type Page } from 'playwright-core'

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)
const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run']

describe('the page for signing in to an app, in a browser', function () {
  this.timeout(60_000)
  let api: TestApi
  let user: TestUser
  let browser: Browser
  let app: Server
  const seen: URL[] = []
  before(async function () {
    if (!executablePath) {
      if (process.env['CI']) throw new Error('CI needs a browser: apt-get install chromium')
      this.skip()
    }
    api = await startApi({}, { PUBLIC_URL: '' })
    user = await signUp(api)
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', ...quiet] })
    app = createServer((req, res) => {
      seen.push(new URL(req.url ?? '', 'http://app'))
      res.end('Welcome back to the app')
    }).listen(0, '127.0.0.1')
  })
  after(async () => {
    await browser?.close()
    app?.closeAllConnections()
    app?.close()
    await api?.stop()
  })

  const verifier = randomBytes(32).toString('base64url')
  async function open(javaScriptEnabled: boolean): Promise<Page> {
    const page = await browser.newPage({ javaScriptEnabled })
    page.on('console', (message) => expect(message.text()).not.to.match(/Content Security Policy/))
    await page.goto(
      `${api.origin}/api/v1/auth/authorize?${new URLSearchParams({
        response_type: 'code',
        client_id: 'mdcreator-desktop',
        redirect_uri: `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`,
        state: 'a state',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      })}`,
    )
    return page
  }
  const signIn = async (page: Page, password: string): Promise<void> => {
    await page.getByLabel('E-mail').fill(user.email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  for (const javaScriptEnabled of [true, false]) {
    it(`leads back to the app, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async () => {
      seen.splice(0)
      const page = await open(javaScriptEnabled)
      await signIn(page, 'Wr0ng-one')
      await page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor()
      expect(await page.getByLabel('E-mail').inputValue()).to.equal(user.email)
      await signIn(page, testPassword)
      await page.getByText('Welcome back to the app').waitFor()
      const answer = seen.find(({ pathname }) => pathname === '/callback')?.searchParams
      expect(answer?.get('state')).to.equal('a state')
      expect(answer?.get('code')).to.be.a('string')
      await page.close()
    })
  }

  it('cannot be framed', async () => {
    const page = await browser.newPage()
    const framed = await open(true)
    await page.setContent(`<iframe src="${framed.url()}"></iframe>`)
    await page.waitForLoadState()
    expect(await page.frames().at(-1)?.getByLabel('Password').count()).to.equal(0)
    await Promise.all([page.close(), framed.close()])
  })
})
