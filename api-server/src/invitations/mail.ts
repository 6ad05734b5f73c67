import type { Config } from '@mdcreator/shared/config'
import { composeMail, type Mail } from '../mail/index.ts'
import type { GrantableRole } from './invitations.queries.ts'

type Invited = { email: string; role: GrantableRole; workspaceName: string; token: string }

/** The mail with the link. The token stands behind `#`, so that no server or proxy logs it when the page is opened. */
export function invitationMail(config: Pick<Config, 'publicUrl' | 'issuer'>, invited: Invited): Mail {
  const { email, role, workspaceName, token } = invited
  const url = `${config.publicUrl ?? config.issuer}/#/invitations/${token}`
  return {
    to: email,
    ...composeMail({
      subject: `You are invited to ${workspaceName}`,
      paragraphs: [
        `You are invited to the workspace “${workspaceName}”, as ${role}.`,
        `The invitation is for ${email} and good for seven days. If you did not expect it, do nothing.`,
      ],
      link: { label: 'See the invitation', url },
    }),
  }
}
