import { createHash } from 'node:crypto'
import { escapeHtml } from '../../mail/index.ts'
import type { AuthorizationRequest } from './authorization-request.ts'
import { redirectSource } from './redirect-uri.ts'

const style = `
:root{color-scheme:light dark;--paper:light-dark(#fff,#17191b);--ground:light-dark(#f7f7f5,#121415);--ink:light-dark(#1d2023,#e6e7e5);--muted:light-dark(#5f6469,#9da2a6);--line:light-dark(#e6e6e2,#2b2e31);--line-strong:light-dark(#8d9297,#74797d);--accent:light-dark(#176b66,#6fcabf);--accent-strong:light-dark(#125753,#8adbd1);--accent-soft:light-dark(#e2f0ee,#1c3432);--on-accent:light-dark(#fff,#0d2120);--bad:light-dark(#9c2a22,#f08d83);--bad-soft:light-dark(#fceae8,#3a2220)}
*{box-sizing:border-box}
body{margin:0;min-height:100dvh;display:grid;place-items:center;padding:1rem;background:var(--ground);color:var(--ink);font:400 .9375rem/1.5 "Inter",ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;-webkit-font-smoothing:antialiased}
main{width:min(24rem,100%);padding:2rem;border:1px solid var(--line);border-radius:16px;background:var(--paper);box-shadow:0 1px 2px light-dark(#0000000d,#0006),0 8px 28px light-dark(#1d202314,#0009)}
.brand{display:flex;align-items:center;gap:.6rem;margin:0 0 1.5rem;font-weight:600}
.brand svg{width:1.625rem;height:1.625rem}
h1{margin:0;font-size:1.25rem;font-weight:650;letter-spacing:-.015em}
.about{margin:.25rem 0 1.5rem;color:var(--muted)}
form{display:grid;gap:1rem}
label{display:grid;gap:.3rem;color:var(--muted);font-size:.875rem}
input{width:100%;padding:.6rem .7rem;border:1px solid var(--line-strong);border-radius:8px;background:var(--paper);color:var(--ink);font:inherit;font-size:1rem}
input:focus{border-color:var(--accent);outline:3px solid var(--accent-soft)}
button{margin-top:.25rem;padding:.65rem 1rem;border:0;border-radius:8px;background:var(--accent);color:var(--on-accent);font:inherit;font-weight:600;cursor:pointer}
button:hover{background:var(--accent-strong)}
button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.complaint{margin:0 0 1.25rem;padding:.6rem .8rem;border-radius:8px;background:var(--bad-soft);color:var(--bad)}
.complaint:last-child{margin-bottom:0}
@media (max-width:26rem){body{place-items:start stretch;padding:0;background:var(--paper)}main{width:100%;padding:1.5rem;border:0;border-radius:0;box-shadow:none}}
`

const styleSource = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

const logo =
  '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#176b66"/><path d="M8 21.5V10.5l5.5 6 5.5-6v11" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/><path d="M24.5 9.5v13" stroke="#8fe0d6" stroke-width="2.4" stroke-linecap="round"/></svg>'

/** The page on which somebody signs in to an app. `email` is what was typed before. */
export function signInPage(request: AuthorizationRequest, failed?: { email: string; complaint: string }): string {
  const email = failed?.email ?? request.loginHint
  const hidden = {
    response_type: 'code',
    client_id: request.clientId,
    redirect_uri: request.redirectUri,
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
  }
  const fields = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`,
  )
  const focus = (isHere: boolean): string => (isHere ? ' autofocus' : '')
  const blame = failed ? ' aria-invalid="true" aria-describedby="complaint"' : ''
  return document(
    'Sign in – MD Creator',
    `<h1>Sign in</h1>
<p class="about">to continue in the MD Creator app</p>
${failed ? complaint(failed.complaint) : ''}
<form method="post" action="authorize">
${fields.join('')}
<label>E-mail<input type="email" name="email" value="${escapeHtml(email)}" autocomplete="username" required maxlength="254"${blame}${focus(email === '')}></label>
<label>Password<input type="password" name="password" autocomplete="current-password" required maxlength="200"${blame}${focus(email !== '')}></label>
<button type="submit">Sign in</button>
</form>`,
  )
}

/** What is shown where there is nothing to sign in to. */
export const complaintPage = (text: string): string =>
  document('MD Creator', `${complaint(`${text} Close this page and start again in the app.`)}`)

/** For either page; with a request, the browser may go back to its app. */
export function pageHeaders(request?: AuthorizationRequest): Record<string, string> {
  const formAction = request ? `'self' ${redirectSource(request.redirectUri)}` : "'none'"
  return {
    'Content-Security-Policy': `default-src 'none'; style-src ${styleSource}; img-src data:; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`,
    'X-Frame-Options': 'DENY',
    // With `no-referrer` a browser would not say where the form comes from.
    'Referrer-Policy': 'same-origin',
  }
}

const complaint = (text: string): string => `<p class="complaint" id="complaint" role="alert">${escapeHtml(text)}</p>`

function document(title: string, content: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${title}</title><link rel="icon" href="data:,"><style>${style}</style></head>
<body><main>
<p class="brand">${logo}MD Creator</p>
${content}
</main></body>
</html>
`
}
