import type { Mail } from './transport.ts'

export type MailContent = {
  subject: string
  /** Plain text, a paragraph each; may hold what people wrote. */
  paragraphs: string[]
  /** Shown large, between the first paragraph and the others. */
  code?: string
  /** A button, there too; in the plain text the address is written out. Our own URLs only. */
  link?: { label: string; url: string }
}

/** A mail in the one form that ours have: plain text, and the same as simple HTML that loads nothing. */
export function composeMail({ subject, paragraphs, code, link }: MailContent): Omit<Mail, 'to'> {
  const [first = '', ...others] = paragraphs
  const text = [first, code && `    ${code}`, link && `${link.label}:\n${link.url}`, ...others, '-- \nMD Creator']
  const html = [
    paragraph(first),
    code && `<p style="${codeStyle}">${escapeHtml(code)}</p>`,
    link && `<p><a href="${escapeHtml(link.url)}" style="${linkStyle}">${escapeHtml(link.label)}</a></p>`,
    ...others.map(paragraph),
    `<p style="${footerStyle}">MD Creator</p>`,
  ]
  return {
    subject,
    text: `${text.filter(Boolean).join('\n\n')}\n`,
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"></head><body style="${bodyStyle}"><div style="${boxStyle}">${html.filter(Boolean).join('')}</div></body></html>`,
  }
}

const bodyStyle = 'margin:0;background:#f7f7f5;color:#1d2023;font:15px/1.5 system-ui,sans-serif'
const boxStyle =
  'max-width:30rem;margin:2rem auto;padding:1.5rem 2rem;border:1px solid #e6e6e2;border-radius:12px;background:#fff'
const codeStyle = 'margin:1.5rem 0;font:600 28px/1 ui-monospace,monospace;letter-spacing:.12em'
const linkStyle =
  'display:inline-block;padding:.6rem 1.1rem;border-radius:8px;background:#176b66;color:#fff;text-decoration:none;font-weight:600'
const footerStyle = 'margin-top:2rem;color:#666b70;font-size:13px'

const paragraph = (text: string): string => `<p>${escapeHtml(text)}</p>`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that is safe in HTML, also inside of quoted attributes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char] as string)
