/**
 * What looking at files and editing them says to the user: part of the catalogue in texts.ts. What comes from elsewhere (names,
 * places, errors) comes in as `Shown`. Pure; UI thread.
 */

import { type Shown, trusted } from '@ferry/protocol';
import type { Difference } from './compare.ts';
import type { ChangedAnswer } from './edit.ts';

const say = trusted;

export const viewerTexts = {
  search: say('Search (small letters find capital ones too)'),
  searchBackward: say('Search backward (small letters find capital ones too)'),
  goTo: say('Go to line, 50%, or byte @1000 or @0x3e8'),
  /** Of an error. */
  noPlace: 'a line such as 120, a share such as 50%, or a byte such as @1000',
  sizeUnknown: 'how large the file is is not known yet',
  nothingSearched: say('nothing was searched for yet'),
  unreadable: say('this part of the file cannot be read'),
  fewerLines: say('the file has fewer lines'),
  notFound: (what: Shown) => say(`${what} is not found any further in this direction`),
  works: { search: 'searching', line: 'counting lines', listing: 'listing', picture: 'fetching the picture' },
  notInPicture: say('that is for texts; F4 shows the bytes of this picture'),
  onlyInPicture: say('that is for pictures'),
  closer: (factor: number) => `${Number(factor.toFixed(1))} × closer`,
  lastPicture: say('this is the last picture in this folder'),
  firstPicture: say('this is the first picture in this folder'),
  /** `4032 × 3024  JPEG`. */
  picture: (width: number, height: number, format: string) => `${width} × ${height}  ${format}`,
  worksAt: (what: string, at: string, percent: number) => say(`${what}: at ${at} (${percent} %) · Esc stops`),
  fetched: (at: string) => say(`fetching the picture: ${at} · Esc stops`),
  reading: say('reading…'),
  /** Before the path of an archive whose content is listed. */
  inArchive: 'in ',
  follows: 'follows',
  listing: 'listing',
  hex: 'hex',
  text: 'text',
  cut: (column: number) => `cut${column > 0 ? ` at ${column}` : ''}`,
  part: (end: string, size: string) => `${end} of ${size}`,
} as const;

export const previewTexts = {
  title: (name: Shown | undefined) => `preview${name === undefined ? '' : `: ${name}`}`,
  ofSide: { remote: 'of the server', local: 'of the local side' },
  kinds: { file: 'file', folder: 'folder', link: 'link', other: 'device or pipe' },
  reading: 'reading…',
  picture: (width: number, height: number, format: string) => `${width} × ${height}  ${format}`,
  link: 'links are not followed on the server',
  nothing: 'nothing to show',
  empty: 'empty',
  emptyFolder: 'nothing in it',
  entries: (entries: number, isWhole: boolean) =>
    `${isWhole ? '' : 'more than '}${entries} ${entries === 1 ? 'entry' : 'entries'}`,
} as const;

const differences: Readonly<Record<Difference, string>> = {
  only: 'the other side has none of that name',
  newer: 'newer than that of the other side',
  older: 'older than that of the other side',
  differs: 'that of the other side is another',
  same: 'the other side has the same',
};

/** What is known of an entry. */
export const infoTexts = {
  title: 'Entry',
  labels: {
    name: 'Name',
    folder: 'In',
    kind: 'Kind',
    size: 'Size',
    modified: 'Modified',
    mode: 'Mode',
    against: 'Against',
    bytes: 'Bytes',
  },
  kinds: { file: 'file', folder: 'folder', link: 'symbolic link', other: 'neither file nor folder' },
  notCounted: 'not counted',
  bytes: (bytes: number, rounded: string) =>
    `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}${bytes < 1000 ? '' : ` (${rounded})`}`,
  differences,
} as const;

const answers: Readonly<Record<ChangedAnswer, readonly [label: string, does: string]>> = {
  overwrite: ['Overwrite', 'yours replaces the one there'],
  'save-as': ['Save as', 'yours gets another name, both stay'],
  difference: ['Difference', 'shows what you and the other changed'],
  keep: ['Later', 'yours stays here, nothing changes there'],
};

export const editTexts = {
  notFile: (name: Shown) => say(`${name} is not a file`),
  keptCopy: say('A copy that you edited is here, and was not saved.'),
  goOn: say('Go on with it?'),
  isSaving: (name: Shown) => say(`${name} is being saved`),
  ask: (name: Shown) => say(`Edit ${name}?`),
  isLarge: (size: string, look: Shown) =>
    say(`It has ${size}, and all of it is fetched. ${look} only looks.`),
  fetching: (name: Shown) => say(`Fetching ${name} to edit it`),
  /** Of an error: what was being done. */
  doing: { fetching: 'fetching it', comparing: 'comparing them', saving: (name: Shown) => `saving ${name}` },
  unchanged: (name: Shown) => say(`${name} is as it was · an editor in a window needs its option to wait`),
  saved: (name: Shown) => say(`${name} is saved on the server`),
  leftover: (place: Shown, more: number) =>
    say(`an edited copy of before was not saved: ${place}${more > 0 ? `, and ${more} more beside it` : ''}`),
  saving: (name: Shown) => say(`saving ${name}…`),
  away: (place: Shown) => say(`the server is away: ${place} is kept, and goes up when it is back`),
  keptAs: (error: Shown, place: Shown) => say(`${error} · kept as ${place}`),
  kept: (place: Shown, edit: Shown) => say(`yours is kept as ${place}; ${edit} goes on with it`),
  saveAs: say('Save yours as'),
  comparing: say('Comparing yours with the one there'),
  chooseFirst: say('choose an answer first, with ↑ ↓ or its letter'),
  changed: 'The file there is another by now',
  difference: 'From the one there (-) to yours (+)',
  isChanged: 'While you edited it, somebody changed it on the server. Nothing of yours is lost.',
  isGone: 'While you edited it, somebody removed or moved it on the server. Nothing of yours is lost.',
  labels: { file: 'File', begun: 'Begun on', there: 'There now', yours: 'Yours' },
  nothingThere: 'nothing',
  version: (size: string, when: string) => `${size}, changed ${when}`,
  answers,
  putBack: 'yours is put there again',
  same: 'The two are the same.',
} as const;
