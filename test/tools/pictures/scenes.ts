/** The screens of which pictures are made: what the browser knows at a moment of a day that somebody could have. */

import { Code, EntryKind, type Facts, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import { fingerprintFromHash } from '@ferry/protocol/session';
import { mismatch } from '@ferry/tui/client/trust';
import type { Job } from '@ferry/tui/engine/job';
import type { Person } from '@ferry/tui/engine/people';
import type { OwnShare } from '@ferry/tui/engine/server-shares';
import type { TrashRow } from '@ferry/tui/engine/server-trash';
import { type ConnectAction, connectActionOf } from '@ferry/tui/keymap/connect-keys';
import { type ConnectMsg, type ConnectState, connectState, updateConnect } from '@ferry/tui/state/connect';
import type { Size } from '@ferry/tui/state/layout';
import type { AppState } from '@ferry/tui/state/state';
import { decide } from '@ferry/tui/transfer/conflict';
import type { ScreenState } from '../../../packages/server/src/screen/state.ts';
import { dayState } from '../../support/server-screen.ts';
import { Driven, file, folder, link, job as plainJob } from '../../tui/support/drive.ts';
import { fixedNow } from '../../tui/support/fake-terminal.ts';
import { dawn } from './dawn.ts';

export type Scene =
  | { readonly of: 'browser'; readonly about: string; readonly state: (size: Size) => AppState }
  | { readonly of: 'server'; readonly about: string; readonly state: (size: Size) => ScreenState }
  | { readonly of: 'connect'; readonly about: string; readonly state: (size: Size) => ConnectState };

const seconds = Math.floor(fixedNow / 1000);
const ago = (days: number) => ({ s: seconds - Math.round(days * 86_400), ns: 0 });
const MB = 1e6;
const GB = 1e9;

const theirs = [
  { ...folder('2024 Lisbon'), modified: ago(420) },
  { ...folder('2025 Hebrides'), modified: ago(130) },
  { ...folder('audio'), modified: ago(3) },
  { ...folder('raw'), modified: ago(0.1) },
  file('cut-01.mov', 4.21 * GB, ago(2.2)),
  file('cut-02.mov', 3.87 * GB, ago(1.1)),
  file('cut-03.mov', 4.02 * GB, ago(0.2)),
  file('day-3 海.flac', 88 * MB, ago(6)),
  file('ferry at dawn.jpg', 4.6 * MB, ago(14)),
  file('harbour.jpg', 3.1 * MB, ago(14)),
  file('interview Anna, first half, uncut, microphone 2.wav', 912 * MB, ago(9)),
  link('latest'),
  file('licence.txt', 1_070, ago(700)),
  file('notes.md', 6_212, ago(0.01)),
  file('shotlist.ods', 48_100, ago(5)),
  file('upload.sh', 812, ago(31)),
];

const ours = [
  { ...folder('cuts'), modified: ago(1) },
  { ...folder('old'), modified: ago(90) },
  file('cut-01.mov', 4.21 * GB, ago(2.2)),
  file('harbour.jpg', 3.1 * MB, ago(12)),
  file('invoice-0817.pdf', 182_000, ago(22)),
  file('notes.md', 5_980, ago(2)),
];

function job(id: number, name: string, change: Partial<Job> = {}): Job {
  const totalBytes = change.totalBytes ?? 4 * GB;
  return plainJob(id, {
    server: 'harbour.example:7377',
    addedMs: fixedNow - 400_000,
    source: pathFromText(change.direction === 'upload' ? `home/anna/film/${name}` : `film/${name}`),
    target: pathFromText(change.direction === 'upload' ? `film/${name}` : `home/anna/film/${name}`),
    totalBytes,
    rate: 0,
    movingMs: 0,
    ...change,
  });
}

const taken = toWireError(new FerryError(Code.NO_SPACE, 'there is no space left on this device'));

const busyJobs: readonly Job[] = [
  job(1, 'cut-02.mov', { totalBytes: 3.87 * GB, doneBytes: 2.84 * GB, rate: 212 * MB, movingMs: 13_000 }),
  job(2, 'raw', {
    kind: EntryKind.folder,
    totalBytes: 61 * GB,
    doneBytes: 9.7 * GB,
    rate: 96 * MB,
    totalFiles: 412,
    doneFiles: 61,
    movingMs: 100_000,
  }),
  job(3, 'invoice-0817.pdf', { direction: 'upload', phase: 'waiting', totalBytes: 182_000 }),
  job(4, 'day-3 海.flac', {
    phase: 'done',
    totalBytes: 88 * MB,
    doneBytes: 88 * MB,
    doneFiles: 1,
    movingMs: 900,
  }),
  job(5, 'audio', {
    kind: EntryKind.folder,
    phase: 'failed',
    totalBytes: 1.4 * GB,
    doneBytes: 1.3 * GB,
    movingMs: 14_000,
    totalFiles: 31,
    doneFiles: 29,
    failedFiles: 2,
    error: taken,
    failures: [
      { source: pathFromText('film/audio/wind.wav'), error: taken },
      { source: pathFromText('film/audio/rain.wav'), error: taken },
    ],
  }),
  job(6, 'cut-03.mov', { phase: 'paused', totalBytes: 4.02 * GB, doneBytes: 1.1 * GB }),
];

/** A steady line, as lines are. */
const rates = [
  0, 90, 180, 240, 300, 310, 280, 305, 312, 296, 301, 120, 40, 210, 290, 307, 311, 302, 308, 299, 304, 310,
];

function withJobs(driven: Driven, jobs: readonly Job[]): Driven {
  for (const rate of rates)
    driven.post({
      kind: 'engine',
      event: {
        kind: 'jobs',
        changed: jobs,
        removed: [],
        totals: { doneBytes: 13.6 * GB, totalBytes: 69.1 * GB, rate: rate * MB },
      },
    });
  return driven;
}

function panes(size: Size): Driven {
  const driven = new Driven('film', 'home/anna/film', size);
  const address = 'harbour.example:7377' as AppState['address'];
  driven.state = { ...driven.state, address, remote: { ...driven.state.remote, where: address } };
  driven
    .post({
      kind: 'engine',
      event: {
        kind: 'connection',
        status: {
          phase: 'online',
          address: 'harbour.example:7377',
          user: 'anna',
          readOnly: false,
          rttMs: 23,
        },
      },
    })
    .list('remote', ...theirs)
    .list('local', ...ours);
  for (const [side, path, free] of [
    ['remote', 'film', 1.2e12],
    ['local', 'home/anna/film', 2.2e11],
  ] as const)
    driven.post({ kind: 'space', side, path: pathFromText(path), space: { free, total: 4e12 } });
  driven.state = { ...driven.state, notice: undefined };
  return driven;
}

const busy = (size: Size): Driven => withJobs(panes(size), busyJobs);
const downs = (count: number): string[] => Array.from({ length: count }, () => 'down');

const logText = Buffer.from(
  Array.from({ length: 400 }, (_, i) => {
    const time = new Date(fixedNow - 4e6 + i * 9_000).toISOString().slice(11, 19);
    const [what, level] = [
      ['session 4f21 of anna: fetch /film/cut-02.mov, 3.87 GB', 'info'],
      ['lane 3 of 4f21: 212 MB/s', 'info'],
      ['session 77a0 of bob: wrong password (3rd time), kept out for 30 s', 'warn'],
      ['published /film/notes.md, 6212 bytes, b3:9f2c…', 'info'],
      ['disk of /srv/film: 1.2 TB free', 'info'],
    ][(i * 7) % 5] ?? ['', ''];
    return `2026-10-20T${time}Z ${level}  ${what}\n`;
  }).join(''),
);

function looking(size: Size, name: string, content: Uint8Array): Driven {
  const driven = panes(size).list('remote', ...theirs);
  driven.press('C-r').list('remote', file(name, content.length, ago(0.01)));
  driven.taken();
  driven.press('end', 'f3');
  if (driven.state.viewer?.shows === 'picture') driven.press('f4');
  const read = driven.taken().find(({ kind }) => kind === 'look');
  if (read?.kind !== 'look') throw new Error('nothing is read');
  const facts = { ...file(name, content.length), identity: '1' };
  return driven.post({ kind: 'looked', request: read.request, offset: 0, facts, content });
}

function conflict(size: Size): AppState {
  const decision = decide('ask', {
    job: 7,
    direction: 'upload',
    sourcePath: pathFromText('home/anna/film/notes.md'),
    targetPath: pathFromText('film/notes.md'),
    source: { kind: EntryKind.file, size: 5_980, modified: ago(2) },
    target: { kind: EntryKind.file, size: 6_212, modified: ago(0.01) },
  });
  if (decision.do !== 'ask') throw new Error('nothing is asked');
  const asks = job(7, 'notes.md', { direction: 'upload', totalBytes: 5_980, question: decision.question });
  return withJobs(panes(size), [...busyJobs, asks]).press('n', 'tab').state;
}

function changed(size: Size): { driven: Driven; request: number } {
  const driven = busy(size).press('home', ...downs(14), 'f4');
  const request = driven.state.requests;
  const facts: Facts = { ...file('notes.md', 6_212, ago(0.1)), identity: '1' };
  const copy = {
    copy: pathFromText('home/anna/.local/state/ferry/edits/1/notes.md'),
    version: facts,
    digest: 'd',
  };
  driven.post({ kind: 'copy-fetched', request, copy });
  driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
  const error = toWireError(new FerryError(Code.CONFLICT, 'the file is another'));
  const there: Facts = { ...file('notes.md', 6_480, ago(0.001)), identity: '2' };
  driven.post({ kind: 'copy-unstored', request, error, there });
  return { driven, request };
}

const gone = (id: string, path: string, bytes: number, days: number, isReplaced = false): TrashRow => ({
  id,
  path: pathFromText(path),
  kind: EntryKind.file,
  files: 1,
  bytes,
  deletedMs: fixedNow - days * 86_400_000,
  isReplaced,
});

const trashed: readonly TrashRow[] = [
  gone('1', 'film/notes.md', 6_004, 0.02, true),
  gone('2', 'film/cut-00.mov', 3.9 * GB, 0.4),
  { ...gone('3', 'film/2023 Tiree', 8.2 * GB, 2), kind: EntryKind.folder, files: 611 },
  gone('4', 'film/audio/wind (2).wav', 212 * MB, 3),
  gone('5', 'film/shotlist.ods', 47_300, 5, true),
];

const share = (id: string, path: string, days: number, change: Partial<OwnShare> = {}): OwnShare => ({
  id,
  kind: 'read',
  paths: [pathFromText(path)],
  pathCount: 1,
  sinceMs: fixedNow - 86_400_000,
  expiresMs: fixedNow + days * 86_400_000,
  downloads: undefined,
  verified: 0,
  devices: 0,
  ...change,
});

const shared: readonly OwnShare[] = [
  share('1', 'film/harbour.jpg', 7, { pathCount: 3, downloads: 5, verified: 2, devices: 2 }),
  share('2', 'film/raw', 14, { kind: 'drop', verified: 41, devices: 1 }),
  share('3', 'film/2024 Lisbon', 30, { verified: 118, devices: 4 }),
];

const person = (user: string, minutes: number, change: Partial<Person> = {}): Person => ({
  id: String(minutes).padStart(8),
  client: 'ferry 0.1.0 on tablet',
  user,
  isSelf: false,
  sinceMs: fixedNow - minutes * 60_000,
  activity: undefined,
  ...change,
});

const people: readonly Person[] = [
  person('anna', 42, { isSelf: true }),
  person('bert', 7, {
    activity: {
      folder: pathFromText('film/raw'),
      moving: [{ way: 0, path: pathFromText('film/raw/take-31.mov') }],
      movingCount: 1,
    },
  }),
  person('cleo', 190),
];

const servers = [
  {
    from: 'saved',
    name: 'harbour',
    address: 'ferry://anna@harbour.example:7377',
    lastMs: fixedNow - 3e6,
    reach: { kind: 'answers', ms: 23 },
  },
  {
    from: 'saved',
    name: 'attic',
    address: 'ferry://10.0.0.5:7377/music',
    lastMs: fixedNow - 9e8,
    reach: { kind: 'nobody', why: 'x' },
  },
  {
    from: 'saved',
    name: 'studio',
    address: 'ferry://studio.example',
    lastMs: fixedNow - 4e8,
    reach: { kind: 'changed' },
  },
  {
    from: 'recent',
    name: '',
    address: 'ferry://guest@quay.example:7377',
    lastMs: fixedNow - 9e7,
    reach: { kind: 'looking' },
  },
  {
    from: 'ssh',
    name: 'backup',
    address: 'ferry://backup.example',
    lastMs: undefined,
    reach: { kind: 'unknown' },
  },
] as const;

function connecting(rows: typeof servers | readonly [], ...steps: readonly (ConnectMsg | string)[]) {
  return (size: Size): ConnectState => {
    let state = connectState(size, rows);
    for (const step of steps) {
      const action: ConnectAction | undefined = typeof step === 'string' ? connectActionOf(step) : undefined;
      const msg: ConnectMsg =
        typeof step !== 'string'
          ? step
          : action === undefined
            ? { kind: 'typed', text: step }
            : { kind: 'action', action };
      [state] = updateConnect(state, msg);
    }
    return state;
  };
}

const key = (byte: number) => fingerprintFromHash(Buffer.alloc(32, byte));
const asked: ConnectMsg = {
  kind: 'asked',
  where: 'harbour.example:7377',
  fingerprint: key(9),
  hidden: [3, 8],
};

const browser = (about: string, state: (size: Size) => Driven): Scene => ({
  of: 'browser',
  about,
  state: (size) => state(size).state,
});
const connect = (about: string, state: (size: Size) => ConnectState): Scene => ({
  of: 'connect',
  about,
  state,
});

export const scenes: Readonly<Record<string, Scene>> = {
  'server-screen': {
    of: 'server',
    about: 'The server’s own screen: rates, threads, who is there, what moves, and the log',
    state: dayState,
  },
  'connect-first-run': connect('The first start: nothing is known yet', connecting([])),
  connect: connect('Choosing a server', connecting(servers)),
  'connect-typed': connect('Looking for a server by name', connecting(servers, 'st')),
  'connect-first-contact': connect(
    'A server that is not known yet',
    connecting(servers, 'enter', asked, 'ab'),
  ),
  'connect-stop': connect(
    'A server whose identity is another',
    connecting(servers, 'enter', {
      kind: 'failed',
      error: toWireError(mismatch('studio.example:7377', key(1), key(2))),
    }),
  ),
  'connect-password': connect(
    'A server that asks for a password',
    connecting(
      servers,
      'enter',
      { kind: 'ask-password', where: 'harbour.example:7377', user: 'anna', attempt: 1 },
      'ahoy there',
    ),
  ),
  'connect-help': connect('All keys of the connect screen', connecting(servers, 'f1')),
  'connect-save': connect('Saving a server under a name', connecting(servers, 'f2')),
  'connect-failed': connect(
    'A server that does not answer',
    connecting(servers, 'down', 'enter', {
      kind: 'failed',
      error: toWireError(new FerryError(Code.TIMEOUT, '10.0.0.5:7377 does not answer')),
    }),
  ),
  start: browser('The first look at a server', (size) => {
    const driven = panes(size);
    const fresh = new Driven('film', 'home/anna/film', size).state.notice;
    driven.state = { ...driven.state, notice: fresh };
    return driven;
  }),
  browser: browser('The browser at work', (size) => busy(size).press('home', ...downs(6), 'space', 'space')),
  compared: browser('Both sides compared', (size) => busy(size).press('=')),
  filter: browser('A filter as one types', (size) => busy(size).press('/', ...'cut')),
  palette: browser('All actions', (size) => busy(size).press('f1')),
  'palette-search': browser('An action by its words', (size) => busy(size).press('f1', ...'sort time')),
  places: browser('Bookmarks and recent folders', (size) => {
    const driven = busy(size).press('b');
    for (const name of ['raw', 'audio', '2025 Hebrides']) {
      driven.press('g', 'C-u', ...`/film/${name}`, 'enter').list('remote', file('x'));
    }
    driven.press('g', 'C-u', ...'/film', 'enter').list('remote', ...theirs);
    return driven.press("'");
  }),
  'go-to': browser('Going to a path', (size) => busy(size).press('g', ...'2025')),
  find: browser('Finding on the server', (size) => busy(size).press('F', ...'*.wav')),
  found: browser('What was found', (size) => {
    const driven = busy(size).press('F', ...'*.wav', 'enter');
    const hits = ['audio/rain.wav', 'audio/wind.wav', 'raw/03/boom.wav', 'interview Anna.wav'];
    return driven
      .list(
        'remote',
        ...hits.map((hit, i) => ({
          ...file('x', (120 + 31 * i) * MB, ago(i + 1)),
          name: Buffer.from(hit).toString('latin1') as ReturnType<typeof file>['name'],
        })),
      )
      .press('home', 'space', 'space');
  }),
  delete: browser('A question before deleting', (size) =>
    busy(size).press('home', ...downs(5), 'space', 'space', 'f8'),
  ),
  'delete-for-good': browser('Deleting for good', (size) =>
    busy(size).press('home', ...downs(13), 'S-f8', ...'del'),
  ),
  rename: browser('Another name', (size) => busy(size).press('home', ...downs(5), 'f2')),
  info: browser('What is known of an entry', (size) => busy(size).press('home', ...downs(11), 'i')),
  tabs: browser('Tabs', (size) => {
    const driven = busy(size)
      .press('C-t')
      .list('remote', ...theirs)
      .list('local', ...ours);
    return driven
      .press('home', 'down', 'down', 'enter')
      .list('remote', file('oban.jpg', 3e6, ago(130)), file('tobermory.jpg', 4e6, ago(131)));
  }),
  preview: browser('A preview', (size) => {
    const driven = busy(size).press('home', ...downs(14), 'p');
    const content = Buffer.from(
      '# Notes\n\n- cut 3: the ferry leaves too late, 14 frames\n- ask Anna for the second microphone\n- 海: subtitle the song?\n\n## Sound\n\nWind on the upper deck. Use rain.wav below it.\n',
    );
    const facts = { ...file('notes.md', content.length), identity: '1' };
    const request = driven.state.preview?.request ?? 0;
    return driven.post({ kind: 'peeked', request, seen: { kind: 'file', facts, content } });
  }),
  'picture-preview': browser('A preview of a picture', (size) => {
    const driven = busy(size).press('home', ...downs(9), 'p');
    const facts = { ...file('ferry at dawn.jpg', 4.6 * MB), identity: '1' };
    const request = driven.state.preview?.request ?? 0;
    return driven.post({ kind: 'peeked', request, seen: { kind: 'picture', facts, picture: dawn } });
  }),
  picture: browser('A picture', (size) => {
    const driven = busy(size).press('home', ...downs(9), 'f3');
    const facts = { ...file('ferry at dawn.jpg', 4.6 * MB), identity: '1' };
    const request = driven.state.viewer?.work?.request ?? 0;
    return driven.post({ kind: 'picture-shown', request, facts, picture: dawn });
  }),
  trash: browser('What can be had back', (size) =>
    busy(size).press('U').post({ kind: 'trash', rows: trashed }).press('down'),
  ),
  share: browser('Sharing with people without an account', (size) =>
    busy(size).press('home', ...downs(10), 'S', 's', 'tab', '3'),
  ),
  shared: browser('A line to give away', (size) =>
    busy(size).post({
      kind: 'share-made',
      made: {
        id: '9c41d0aa72e35b18',
        invite: `ferry://share.9c41d0aa72e35b18@harbour.example:7377/#${'kx3q7w2mtz5pdn4r'.repeat(6)}`,
        expiresMs: fixedNow + 7 * 86_400_000,
        isOnlyHere: false,
      },
    }),
  ),
  shares: browser('What one shares', (size) =>
    busy(size).press('S', 'l').post({ kind: 'shares', rows: shared }).press('down'),
  ),
  people: browser('Who is on the server', (size) => {
    const driven = busy(size).press('W');
    return driven.post({ kind: 'people', rows: people });
  }),
  queue: browser('The queue', (size) => {
    const limits = { up: 512 * 1024, down: undefined, timetable: '08:00 10M 18:00 off' };
    const driven = withJobs(
      panes(size),
      busyJobs.map((one) => (one.id === 2 ? { ...one, limit: 100 * 2 ** 20, priority: 5 } : one)),
    );
    driven.post({
      kind: 'engine',
      event: { kind: 'queue', status: { pausedAll: false, limits, moves: 'here', notice: undefined } },
    });
    return driven.press('w', 'home', 'down', 'space', 'space');
  }),
  'job-details': browser('What went wrong in a job', (size) =>
    busy(size).press('w', 'home', ...downs(4), 'enter'),
  ),
  limits: browser('Limits', (size) => busy(size).press('w', 'L', ...'2M', 'tab')),
  conflict: { of: 'browser', about: 'A name that is taken', state: conflict },
  viewer: browser('Reading a log', (size) => {
    const driven = looking(size, 'ferryd.log', logText).press('/', ...'password', 'enter');
    const find = driven.taken().find(({ kind }) => kind === 'find-text');
    if (find?.kind !== 'find-text') throw new Error('nothing is searched');
    return driven.post({ kind: 'worked', request: find.request, at: logText.indexOf('password') });
  }),
  hex: browser('The bytes of a file', (size) =>
    looking(
      size,
      'harbour.jpg',
      Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * i * 31 + (i >> 3)) & 255)),
    ),
  ),
  changed: browser('Somebody else was quicker', (size) => changed(size).driven.press('s')),
  difference: browser('How they differ', (size) => {
    const { driven, request } = changed(size);
    driven.press('d', 'enter');
    const lines = [
      { kind: 'gap', text: 'line 10 → line 10' },
      { kind: 'same', text: '## Sound' },
      { kind: 'same', text: '' },
      { kind: 'removed', text: 'Wind on the upper deck. Use rain.wav below it.' },
      { kind: 'added', text: 'Wind on the upper deck. No rain.' },
      { kind: 'same', text: '' },
    ] as const;
    return driven.post({ kind: 'copy-compared', request, lines });
  }),
  chat: browser('Talking with others', (size) => {
    const driven = busy(size);
    const rooms = ['#lobby', '#cut', '#producers'].map((ref) => ({
      ref,
      sealed: ref === '#producers',
      lastMs: 1,
    }));
    driven.post({ kind: 'chat-rooms', rooms });
    const said = (ref: string, seq: number, from: string, text: string, path?: string): void => {
      const ms = fixedNow - 3_600_000 + seq * 300_000;
      const at = path === undefined ? undefined : pathFromText(path);
      const line = { seq, ms, from, own: from === 'anna', text, path: at, notes: [] };
      const news = { kind: 'lines', ref, sealed: ref === '#producers', past: true, lines: [line] } as const;
      driven.post({ kind: 'engine', event: { kind: 'chat', news: { ...news, past: seq < 9 } } });
    };
    said('#lobby', 1, 'cleo', 'good morning');
    said('#cut', 1, 'bert', 'the third cut is up', 'film/cut-03.mov');
    said('#cut', 2, 'cleo', 'watching it now; is the sound of the second half still the one from the ferry?');
    said(
      '#cut',
      3,
      'bert',
      'yes, and I am not happy with it: the wind is too loud, and the horn comes before one sees it',
    );
    said('#cut', 4, 'anna', 'I have the uncut interview here, microphone 2 is clean');
    said('#cut', 5, 'cleo', 'Anna, could you put it next to the others?', 'film/audio');
    driven.press('C', 'tab', ...'on its way');
    said('#producers', 9, 'dora', 'the contract is signed');
    return driven;
  }),
  offline: browser('The server is away', (size) => {
    const driven = busy(size);
    const error = toWireError(new FerryError(Code.CONNECTION_LOST, 'the connection was lost'));
    return driven.post({
      kind: 'engine',
      event: { kind: 'connection', status: { phase: 'offline', error, retryMs: 4_000, attempt: 3 } },
    });
  }),
  failed: browser('Something went wrong', (size) =>
    busy(size).post({
      kind: 'failed',
      doing: 'renaming notes.md to licence.txt',
      error: toWireError(new FerryError(Code.EXISTS, 'that name is taken')),
    }),
  ),
  quit: browser('Leaving while jobs run', (size) => busy(size).press('q')),
};
