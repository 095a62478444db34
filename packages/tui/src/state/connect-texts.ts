/**
 * What the connect screen says to the user: part of the catalogue in texts.ts. What comes from elsewhere (names, places, errors) comes
 * in as `Shown`. Pure; UI thread.
 */

import { type Shown, trusted } from '@ferry/protocol';

const say = trusted;

export const connectTexts = {
  title: 'ferry  where to?',
  tooSmall: 'ferry: make the window larger',
  lineHint: 'type to find, or paste ferry://HOST[:PORT][/FOLDER] or an invite',
  line: 'Address or invite',
  connecting: 'Connecting…',
  servers: 'Servers',
  headings: { name: 'Name', address: 'Address', visited: 'Visited', now: 'Now' },
  /** In place of a name. */
  from: { saved: '', recent: '(visited)', ssh: '(~/.ssh/config)' },
  reach: {
    looking: '…',
    answers: (ms: number) => `answers, ${ms} ms`,
    isNew: 'not known yet',
    changed: 'ANOTHER IDENTITY',
    nobody: 'nobody there',
  },
  rowsOf: (from: number, to: number, all: number) => `${from}–${to} of ${all}`,
  /** What begins with blanks is to be typed. */
  welcome: [
    'No server is known here yet. On the machine that has the files, run',
    '',
    '    ferryd ~/share',
    '',
    'It prints an invite, a line that begins with ferry:// and works once. Paste it above and press Enter: from then on the server is in this list.',
    '',
    'Where you have an account already, with a password or an OpenSSH key, type',
    '',
    '    ferry://NAME@HOST',
  ],
  noneLike: 'No saved server holds that; Enter takes it for the name of a host.',
  nothingToRemove: say('there is nothing to remove'),
  typeOne: say('type or paste the address of a server, or an invite'),
  back: 'Back',
  keys: 'Keys',
  typing: 'Letters go to the line above: they find a saved server, or are an address.',
  leaveIt: 'Leave it',
} as const;

export const saveTexts = {
  title: 'Save a server',
  name: say('Name'),
  address: say('Address'),
  save: 'Save',
  next: 'Next',
  noName: say('a saved server has a name'),
  noInvite: say('an invite is used once: paste it into the line, and connect'),
  noAddress: say('an address such as ferry://host:7377/folder'),
} as const;

export const removeTexts = {
  title: 'Remove?',
  what: (what: Shown) => `${what} is taken from this list. Whom you trust there stays as it is.`,
  remove: 'Remove',
} as const;

export const passwordTexts = {
  title: (where: Shown) => `Who are you on ${where}?`,
  unknown:
    'It does not know this device yet. With your password it does from now on, and does not ask again.',
  account: say('Account'),
  password: say('Password'),
  wrong: say('That is not it.'),
  noAccount: say('the name of your account there'),
  connect: 'Connect',
} as const;

export const contactTexts = {
  title: 'First contact: is this the server you mean?',
  says: (where: Shown) => `Nobody has vouched for ${where} yet. It says that this is its identity:`,
  compare:
    'Its owner sees all of it: ferryd prints it at its start. Compare, and type the groups that are missing here:',
  compareShort: 'Compare, and type what is missing:',
  wrong: (times: number, most: number) =>
    `Those are not the missing groups (${times} of ${most}). If its owner sees them like that, somebody else is answering: do not connect.`,
  wrongShort: (times: number, most: number) => `Not those (${times} of ${most}):`,
  nobodyToAsk: (words: string) => `Is there nobody to ask? Then type: ${words}`,
  connect: 'Connect, if they are right',
  leave: 'Do not connect',
  notIt: say('that was not its identity: nothing was connected'),
} as const;

export const stopTexts = {
  title: 'STOP: this is not the server you know',
  nothingSent: 'Nothing was sent, and nothing is connected.',
} as const;
