import { composeMail, type Mail } from '../mail/index.ts'

/** What is mailed to accounts, and to addresses that may become one. */
export const mails = {
  verification: (to: string, code: string): Mail => ({
    to,
    ...composeMail({
      subject: `${code} is your MD Creator code`,
      paragraphs: [
        'Enter this code to confirm your e-mail address:',
        'It is good for 15 minutes. If you did not sign up at MD Creator, ignore this mail and give the code to nobody.',
      ],
      code,
    }),
  }),
  alreadySignedUp: (to: string): Mail => ({
    to,
    ...composeMail({
      subject: 'You have an account at MD Creator',
      paragraphs: [
        'Somebody tried to sign up at MD Creator with this e-mail address, which has an account already.',
        'If it was you, sign in instead, or set a new password where you sign in. If not, there is nothing to do: nothing has changed.',
      ],
    }),
  }),
  passwordReset: (to: string, code: string): Mail => ({
    to,
    ...composeMail({
      subject: 'A new password for MD Creator',
      paragraphs: [
        'Enter this code to set a new password:',
        'It is good for one hour, and once. If you did not ask for it, ignore this mail and give the code to nobody.',
      ],
      code: `${code.slice(0, 4)}-${code.slice(4)}`,
    }),
  }),
  passwordChanged: (to: string): Mail => ({
    to,
    ...composeMail({
      subject: 'Your MD Creator password was changed',
      paragraphs: [
        'The password of your account was changed with a code that we mailed to you, and every device was signed out.',
        'If it was not you, somebody else reads your mail: change its password, then ask MD Creator for a new code.',
      ],
    }),
  }),
}
