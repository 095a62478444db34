/**
 * What panes, lists and lines say to the user; what the queue says is in queue-texts.ts, what looking at files and editing say in
 * file-texts.ts, labels of actions in the keymap's tables. What comes from elsewhere (names, keys) comes in as `Shown`. Pure; UI
 * thread.
 */

import { type Shown, trusted } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Columns } from './layout.ts';

const say = trusted;

function count(many: number, one: string, several: string): string {
  return many === 1 ? `one ${one}` : `${many} ${several}`;
}

const onSide = { remote: 'on the server', local: 'on your side' } as const;

/** Before a path, to tell places apart. */
export const sideNames: Readonly<Record<Side, string>> = { remote: 'server: ', local: 'local: ' };

/** One line at the foot of the screen, gone with the next key. */
export const notices = {
  hint: (mark: Shown, copy: Shown, help: Shown) =>
    say(`${mark} marks · ${copy} copies to the other side · ${help} lists all that can be done`),
  unknownChord: (keys: Shown) => say(`${keys} does nothing here`),
  unknownKey: (key: Shown, help: Shown) =>
    say(`${key} does nothing here · ${help} lists all that can be done`),
  fromOwner: (words: Shown) => say(`the owner of the server says: ${words}`),
  nowReadOnly: say('the owner has changed what you may do: from now on you may only look and download here'),
  nowChanging: say('the owner has changed what you may do: from now on you may change things here'),
  away: (key: Shown) =>
    say(`the server is away; this pane is read again as soon as it is back · ${key} tries now`),
  queued: (jobs: number, key: Shown) =>
    say(`${count(jobs, 'job', 'jobs')} queued · ${key} goes to the queue`),
  sharing: say('sharing…'),
  nothingToShare: say('there is nothing here to share'),
  tooManyToShare: say('that is too much for one share: share a folder that holds it'),
  dropBoxWantsFolder: say('a drop box is one folder: put the cursor on it, with nothing else marked'),
  nothingToCopy: say('there is nothing here to copy'),
  movesWithin: say('to another place: copy it, and delete it here when that is done'),
  alreadyThere: say('both panes show that folder'),
  notCopied: (name: Shown) => say(`${name} is neither a file nor a folder and is not copied`),
  notTypable: (name: Shown) => say(`${name} is not UTF-8 and cannot be typed`),
  linkNotFollowed: (name: Shown) => say(`${name}: links are not followed on the server`),
  notFile: (name: Shown) => say(`${name}: this is not a file`),
  deleted: (entries: number, key: Shown) =>
    entries === 1
      ? say(`deleted · ${key} brings it back`)
      : say(`${entries} entries deleted · ${key} brings them back`),
  replaced: (files: number, key: Shown) =>
    files === 1
      ? say(`a file was overwritten · ${key} brings it back`)
      : say(`${files} files were overwritten · ${key} brings them back`),
  unpacked: (key: Shown) => say(`unpacked · ${key} takes it back`),
  noArchive: (name: Shown) => say(`${name} is no tar, tar.gz or tar.zst`),
  copied: (entries: number, key: Shown) =>
    say(`copied: ${count(entries, 'entry', 'entries')} · ${key} takes it back`),
  moved: (entries: number, key: Shown) =>
    say(`moved: ${count(entries, 'entry', 'entries')} · ${key} takes it back`),
  copiedHere: (entries: number) => say(`copied: ${count(entries, 'entry', 'entries')}`),
  deletedForGood: (files: number) => say(`deleted for good: ${files} ${files === 1 ? 'file' : 'files'}`),
  renamedBack: (name: Shown) => say(`it is called ${name} again`),
  movedBack: (entries: number) =>
    say(entries === 1 ? 'it is where it was' : `${entries} entries are where they were`),
  copiesGone: (entries: number) =>
    say(entries === 1 ? 'it is in the trash' : `${entries} copies are in the trash`),
  folderGone: (name: Shown) => say(`the folder ${name} is gone again`),
  permissionsBack: (entries: number) =>
    say(
      entries === 1
        ? 'its permissions are as they were'
        : `permissions of ${entries} entries are as they were`,
    ),
  back: (entries: number, of: number) => {
    const back = entries === 1 ? 'it is back' : `${entries} entries are back`;
    return say(
      entries === of ? back : `${entries} of ${of} are back; the others are not in the trash any more`,
    );
  },
  notInTrash: (files: number) =>
    files === 1
      ? 'the version that was overwritten is not in the trash'
      : 'the versions that were overwritten are not in the trash',
  stopped: (doing: string, done: number, of: number) =>
    say(of === 1 ? `stopped: ${doing}` : `stopped: ${doing}, ${done} of ${of} were done`),
  nothingToStop: say('nothing is being done that could be stopped'),
  onlyFolders: say('only folders are counted'),
  counting: say('counting what is in there…'),
  counted: (name: Shown, bytes: number, files: number) =>
    say(`${name}: ${bytes} bytes in ${files} ${files === 1 ? 'file' : 'files'}`),
  copiedPath: (path: Shown) => say(`copied: ${path}`),
  copiedPaths: (paths: number) => say(`copied: ${paths} paths`),
  copiedAsShown: (copied: Shown) =>
    say(`not the exact name, since that has signs that terminals act on; ${copied}`),
  stillReading: say('wait until both folders are read'),
  same: say('both folders hold the same, by name, size and time'),
  compared: (remote: number, local: number, key: Shown) =>
    say(`marked: ${remote} on the one side, ${local} on the other · ${key} copies those of one side`),
  bookmarkKept: say('bookmark kept'),
  bookmarkGone: say('no bookmark here any more'),
  tooManyBookmarks: say('there are too many bookmarks'),
  noCounterpart: (folder: Shown) =>
    say(`this folder is not below /${folder}, so none on the other side corresponds to it`),
  together: (key: Shown) => say(`both sides go together from here · ${key} ends it`),
  alone: say('each side goes alone'),
  columns: (columns: Columns) =>
    say(`columns: ${{ auto: 'as many as fit', brief: 'names and sizes', full: 'all' }[columns]}`),
  tooManyTabs: say('there are as many tabs as there may be'),
  lastTab: say('the last tab stays'),
  onlyTab: say('there is only this tab'),
  theme: (name: string) => say(`theme: ${name}`),
  mouseOurs: say('the mouse clicks here'),
  mouseTheirs: say('the mouse is the terminal’s, to select text with'),
} as const;

/** What a line that is typed asks for. */
export const prompts = {
  newFolder: say('Name of the new folder'),
  enterRoom: say('Enter a room of the chat, made where it is missing'),
  room: say('Room, or @ and a person'),
  passphrase: say('Passphrase, if it has one'),
  rename: (name: Shown) => say(`New name for ${name}`),
  mark: say('Mark names like'),
  unmark: say('Unmark names like'),
  permissions: (name: Shown) => say(`Permissions of ${name}, as chmod takes them`),
  permissionsOf: (entries: number) => say(`Permissions of ${entries} entries, as chmod takes them`),
  deleteForGood: (word: string, name: Shown) => say(`Type ${word} to delete ${name} for good`),
  notTheWord: (word: string) => `type the word ${word}, or leave with Esc`,
  findOnServer: say('Find on the server'),
  findBelow: (folder: Shown) => say(`Find below ${folder}`),
  findName: say('Name, or a pattern'),
  findText: say('Text in it'),
  findSize: say('Size: >1M, <10k, or both'),
  findChanged: say('Changed: <7d, >1y, or since a date'),
  nothingToFind: 'give a name, some text, a size or a time',
  unpack: (name: Shown) => say(`Unpack ${name} into the new folder`),
  copyThere: (name: Shown) => say(`Copy ${name} on the server to`),
  move: (name: Shown) => say(`Move ${name} to`),
  moveThere: (name: Shown) => say(`Move ${name} on the server to`),
  share: (what: Shown) => say(`Share ${what} with people without an account`),
  dropBox: (what: Shown) => say(`Let people put files into ${what}, unseen`),
  shareFor: say('For how long'),
  mute: (name: Shown) => say(`${name} says nothing in the chat: for how long?`),
  muteFor: say('1h, 7d; nothing: for good; 0: may speak'),
  noMute: 'so long as 90m, 12h, 7d or 4w; nothing for good; 0 for no more',
  shareDownloads: say('Most downloads'),
  shareAt: say('Reached at'),
  noSpan: 'so long as 90m, 12h, 7d or 4w, at most ten years',
  noDownloads: (most: number) => `a number from 1 to ${most}, or nothing for as often as they like`,
  goTo: (side: Side) => say(`Go to a folder ${onSide[side]} · Tab completes`),
  noSuchFolder: say('there is no folder that begins so'),
  notPermissions: 'permissions are up to four digits from 0 to 7',
  filter: 'Filter: ',
  jump: 'Jump to: ',
} as const;

export const questions = {
  delete: say('Delete?'),
  deleteEntry: (name: Shown, side: Side, folders: boolean) =>
    say(`${name} ${onSide[side]}${folders ? ', with all that is in folders' : ''}.`),
  deleteEntries: (entries: number, side: Side, folders: boolean) =>
    say(`${entries} entries ${onSide[side]}${folders ? ', with all that is in folders' : ''}.`),
  forGood: say('This cannot be undone.'),
  dropTrash: (place: Shown) => say(`${place}, out of the trash.`),
  toTrash: (key: Shown, entries: number) =>
    entries === 1
      ? say(`It goes to the trash: ${key} brings it back.`)
      : say(`They go to the trash: ${key} brings them back.`),
  names: (names: readonly Shown[], more: number) =>
    say(`${names.join(', ')}${more > 0 ? `, and ${more} more` : ''}`),
  end: say('End this share?'),
  endShare: (what: Shown) => say(`Who uses ${what} is out at once, also in mid-download.`),
  endShareNow: say('The line works no more.'),
} as const;

export const panes = {
  items: (shown: number) => `${shown} ${shown === 1 ? 'item' : 'items'}`,
  someItems: (shown: number, all: number) => `${shown} of ${all} items`,
  marked: (rows: number) => `${rows} marked`,
  markedElsewhere: (entries: number) => `${entries} marked ${entries === 1 ? 'is' : 'are'} not shown`,
  here: (people: number) => `${people} here`,
  /** Nobody tells what changes: the folder is read this often. */
  polled: (items: string, seconds: number) => `${items} · read every ${seconds} s`,
  found: (words: string) => `: found ${words}`,
  free: (space: string) => `${space} free`,
  reading: 'reading…',
  noneLike: 'nothing is called so',
  empty: 'nothing here',
  nothingMoves: 'nothing to move',
  allMoved: 'done',
  timeLeft: (time: string) => `${time} left`,
  stale: 'stale',
  staleUntil: (retry: string) => `stale, again ${retry}`,
  staleConnecting: 'stale, connecting…',
  folder: 'dir',
  titles: { name: 'Name', bytes: 'Bytes', extension: 'Extension', size: 'Size', time: 'Time', mode: 'Mode' },
} as const;

export const lists = {
  actions: 'All actions',
  places: 'Places',
  search: 'type to search',
  enterDoes: 'Enter does it',
  enterGoes: 'Enter goes there',
  noneLike: 'nothing is called so',
  noFolderLike: 'no folder like that',
  place: (row: number, rows: number) => `${row} of ${rows}`,
  inQueue: ' (in the queue)',
  inFiles: ' (in the files)',
  emptyQueue: (mark: Shown, copy: Shown) => `empty: mark files with ${mark} and copy them with ${copy}`,
  noJob: (view: string, key: Shown) => `no job is ${view}: ${key} shows others`,
  notNow: (why: Shown) => `not now: ${why}`,
} as const;

/** What can be had back from the server. */
export const trashTexts = {
  title: (where: string) => `Trash on ${where || 'the server'}`,
  reading: 'asking the server…',
  none: 'nothing was deleted or overwritten here that could come back',
  deleted: 'deleted',
  replaced: 'replaced',
  brings: (key: Shown) => `${key} brings it back`,
} as const;

/** What servers do with their own files, in the frame of the queue. */
export const workTexts = {
  doing: {
    copy: 'copying',
    move: 'moving',
    trash: 'deleting',
    remove: 'deleting',
    restore: 'bringing back',
    unpack: 'unpacking',
  },
  share: (share: number, bytes: string, of: string) => `${Math.floor(share * 100)} % · ${bytes} of ${of}`,
  soFar: (files: number, bytes: string) => `${count(files, 'file', 'files').replace('one', '1')}, ${bytes}`,
  stops: (key: Shown) => `${key} stops it`,
  stopping: 'stopping…',
  more: (works: number) => `${works} more`,
} as const;

/** What is shared with people without an account. */
export const shareTexts = {
  entries: (many: number) => say(`${many} entries`),
  what: (first: Shown, more: number) => (more > 0 ? say(`${first} and ${more} more`) : first),
  made: (until: string) => say(`Shared until ${until}`),
  giveAway: 'Give this line away:',
  copied: (key: Shown) =>
    `It is in the clipboard, where the terminal lets programs put things; ${key} puts it there again. Whoever has it gets in without an account. It is not shown again.`,
  onlyHere: 'But it names this machine alone: share again and say where others reach the server.',
  endWith: (key: Shown) => `${key} lists what you share, and ends it.`,
  mine: (where: string) => (where === '' ? 'My shares' : `My shares on ${where}`),
  reading: 'asking the server…',
  none: (key: Shown) => `you share nothing on this server: ${key} shares what is marked`,
  ends: (key: Shown) => `${key} ends it`,
  until: (when: string) => `until ${when}`,
  devices: (many: number) => count(many, 'device', 'devices').replace('one', '1'),
  downloads: (many: number, most: number | undefined) =>
    `${many} downloaded${most === undefined ? '' : `, ${most} of each`}`,
  dropBox: 'drop box',
} as const;

/** In the panel of the chat, and of it. */
export const chatTexts = {
  /** The server where there are several. */
  title: (where: string) => (where === '' ? 'Chat' : `Chat on ${where}`),
  notShown: say('neither pane shows that server: there is nothing to attach'),
  sealed: '(only those with the passphrase can read this)',
  elsewhere: (lines: number) => `${lines} new elsewhere`,
  unread: (lines: number, key: Shown) => `${lines} new · ${key}`,
  lineOf: (line: number, lines: number) => `${line} of ${lines}`,
  goesThere: (key: Shown) => `${key} goes there`,
  called: (from: Shown, room: Shown) =>
    room.startsWith('@') ? say(`${from} has written to you`) : say(`${from} speaks to you in ${room}`),
  noRoom: (key: Shown) => `there is no room yet: ${key} makes one`,
  notIn: (why: Shown, key: Shown) => `${why} · ${key} tries again`,
  entering: 'entering the room…',
  enters: (key: Shown) => `${key} enters this room`,
  wantsPassphrase: (key: Shown) => `this room has a passphrase: ${key} asks for it`,
  empty: 'nothing was said here yet',
  tooLong: say('that is too long for one message'),
  chooseFirst: (key: Shown) => say(`choose a line first, with ${key}`),
  nothingThere: say('there is nothing there that could be taken away'),
  unsay: say('Take this line away?'),
  forEverybody: say('It goes for everybody, and does not come back. Who has read it has read it.'),
  notSelf: say('that is what you said yourself'),
  muted: (name: Shown, ms: number | undefined) =>
    ms === 0 ? say(`${name} may speak again`) : say(`${name} says nothing here now`),
  notSaid: (why: Shown) => say(`not said: ${why}`),
} as const;

/** Whoever answers there is not who is known. */
export const stopReport = {
  title: say('STOP: this is not the server you know'),
  gap: say(''),
  rest: say('Nothing more is sent there.'),
} as const;

export const keysReport = {
  title: say('Your keys'),
  rest: say('All else holds.'),
} as const;

export const tooSmall = 'ferry: make the window larger';

/** Who else is on the server. */
export const peopleTexts = {
  title: (here: number, where: string) => `On ${where || 'this server'}${here > 0 ? ` · ${here} here` : ''}`,
  asking: 'asking the server…',
  self: '(you)',
  since: (time: string) => `here since ${time}`,
  in: (folder: Shown) => `in ${folder}`,
  more: (jobs: number) => `and ${count(jobs, 'more job', 'more jobs')}`,
  shown: (key: Shown) => `They see your folder here and what you move. ${key} hides it.`,
  hidden: (key: Shown) => `They see your name and that you are here. ${key} shows more.`,
} as const;
