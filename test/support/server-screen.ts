/** The server's screen without a server or a terminal: a day's looks at a server, and an emulator that takes what is drawn. */

import { PassThrough, Writable } from 'node:stream';
import { show } from '@ferry/protocol';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import xterm, { type Terminal as XTerminal } from '@xterm/headless';
import type { Frame } from '../../packages/server/src/screen/frame.ts';
import type { Size } from '../../packages/server/src/screen/layout.ts';
import type { Look } from '../../packages/server/src/screen/look.ts';
import { firstState, type ScreenMsg, type ScreenState } from '../../packages/server/src/screen/state.ts';
import { type KeyPress, TerminalScreen } from '../../packages/server/src/screen/terminal-screen.ts';
import { update } from '../../packages/server/src/screen/update.ts';
import type { ConnectionStatus, ServerStatus } from '../../packages/server/src/supervisor/status.ts';

export const dayMs = Date.UTC(2026, 9, 20, 12, 0, 0);
const MB = 1e6;
const GB = 1e9;

type Guest = {
  readonly user: string;
  readonly source: string;
  readonly from: number;
  readonly verb: 'download' | 'upload';
  readonly path: string;
  readonly size: number;
  /** Bytes a second. */
  readonly rate: number;
  readonly lanes: number;
};

const guests: readonly Guest[] = [
  {
    user: 'anna',
    source: '10.0.0.7',
    from: -3000,
    verb: 'download',
    path: '/cut-02.mov',
    size: 3.87 * GB,
    rate: 31 * MB,
    lanes: 2,
  },
  {
    user: 'bob',
    source: '10.0.0.12',
    from: 34,
    verb: 'upload',
    path: '/raw/reel-14.mxf',
    size: 1.2 * GB,
    rate: 12 * MB,
    lanes: 1,
  },
  {
    user: 'Kim',
    source: '2001:db8:7:11::2a',
    from: 58,
    verb: 'download',
    path: '/2025 Hebrides/ferry at dawn.jpg',
    size: 0.9 * GB,
    rate: 8 * MB,
    lanes: 4,
  },
  {
    user: 'press',
    source: '198.51.100.23',
    from: 70,
    verb: 'download',
    path: '/audio/interview Anna, first half.wav',
    size: 0.91 * GB,
    rate: 3 * MB,
    lanes: 1,
  },
];

/** A line that is not quite even; the same for the same second. */
function wave(second: number, index: number): number {
  return 1 + 0.22 * Math.sin(second / (3 + index)) + 0.11 * Math.sin(second * 1.7 + index);
}

function movedBy(guest: Guest, index: number, second: number): number {
  let sum = 0;
  for (let at = Math.max(0, guest.from); at < second; at++) sum += guest.rate * wave(at, index);
  return Math.min(guest.size, Math.round(sum));
}

/** How the server is after so many seconds of looking. */
export function dayStatus(second: number): ServerStatus {
  const here = guests
    .map((guest, i) => ({ guest, i, moved: movedBy(guest, i, second) }))
    .filter(({ guest }) => guest.from <= second);
  const idOf = (i: number): string => `${i + 1}`.repeat(8);
  const connections = here.flatMap(({ guest, i, moved }): readonly ConnectionStatus[] => {
    const { user, source, from, verb, lanes } = guest;
    const plain = {
      source,
      user,
      sinceMs: dayMs + from * 1000,
      sessionId: idOf(i),
      received: 900 * i,
      sent: 9000,
    };
    const share = Math.round(moved / lanes);
    return [
      { ...plain, id: i * 100, kind: 'session' },
      ...Array.from(
        { length: lanes },
        (_, lane): ConnectionStatus => ({
          ...plain,
          id: i * 100 + lane + 1,
          kind: 'lane',
          received: verb === 'upload' ? share : 0,
          sent: verb === 'download' ? share : 0,
        }),
      ),
    ];
  });
  const sum = (verb: Guest['verb']): number =>
    here.filter(({ guest }) => guest.verb === verb).reduce((all, { moved }) => all + moved, 0);
  return {
    id: 'a'.repeat(16),
    pid: 7,
    folder: '/srv/film',
    address: 'harbour.example:7377',
    sinceMs: dayMs - 31 * 3_600_000,
    workers: 4,
    wantedWorkers: 4,
    threads: [0.34, 0.52, 0.07, 0.16].map((load, i) => ({
      index: i + 1,
      connections: [5, 4, 2, 3][i] ?? 0,
      activeMs: load * 1000 * second,
      workedMs: 0,
    })),
    restarts: 0,
    isDraining: false,
    turnedAway: 0,
    moving: here.map(({ guest, i, moved }) => ({
      sessionId: idOf(i),
      verb: guest.verb,
      path: show(guest.path),
      size: guest.size,
      done: moved,
      ms: (second - Math.max(0, guest.from)) * 1000,
      quietMs: 20,
    })),
    waiting: 0,
    connections,
    slowed: second < 80 ? [] : [{ sessionId: idOf(2), down: 8 * 1024 * 1024, up: undefined }],
    held: [],
    barred: [{ source: '203.0.113.9', ms: 40_000 }],
    gate: { mostConnections: 10_000, mostStrangers: 1000, passwordsWaiting: 0, guessed: [], shunned: [] },
    figures: { verbs: [], received: sum('upload'), sent: sum('download'), waits: second * 6, waitedMs: 0 },
    tallies: {
      logins: { 'with its device key': 31, 'with an invite': 2, 'with a password': 1 },
      refusals: { AUTH_FAILED: 14, TIMEOUT: 2 },
      filesSent: 0,
      filesReceived: 0,
      troubles: 0,
    },
    disk: { free: 1.31e12, total: 4e12 },
    bus: undefined,
    audit: undefined,
  };
}

const lines: readonly (readonly [second: number, text: string])[] = [
  [-240, '203.0.113.9:40122 refused: this device is not known here [AUTH_FAILED]'],
  [2, 'anna@10.0.0.7:51034 downloaded /cut-01.mov (4.21 GB in 2 min, 33.1 MB/s)'],
  [34, 'bob@10.0.0.12:40220 logged in with its device key (ferry 0.1.0 on studio)'],
  [58, 'Kim@2001:db8:7:11::2a:40600 logged in with an invite (ferry 0.1.0 on kims-laptop)'],
  [70, 'press@198.51.100.23:33490 logged in with a password, read-only (ferry 0.1.0 on desk)'],
  [80, 'the session of Kim@2001:db8:7:11::2a: down at most 8 MiB/s, up without a limit'],
];

/** After a minute and a half of looking. */
export function dayState(size: Size, seconds = 96): ScreenState {
  const log = lines.map(([second, text]) => ({ ms: dayMs + second * 1000, text: show(text) }));
  const messages: readonly ScreenMsg[] = [
    { kind: 'server', servers: 1, which: 0 },
    { kind: 'log', lines: log },
    ...Array.from(
      { length: seconds },
      (_, second): ScreenMsg => ({
        kind: 'status',
        status: dayStatus(second),
        nowMs: dayMs + second * 1000,
      }),
    ),
  ];
  return messages.reduce((state, message) => update(state, message)[0], firstState(size));
}

export const dayOpts = {
  nowMs: dayMs + 96_000,
  clock: (ms: number): string => new Date(ms).toISOString().slice(11, 19),
};

/** What the screen draws goes through an emulator; what is typed comes as keys. */
export class EmulatedScreen {
  readonly emulator: XTerminal;
  readonly keys: KeyPress[] = [];
  readonly #screen: TerminalScreen;
  readonly #input: PassThrough;
  readonly #output: Writable;

  constructor(size: Size, look: Look) {
    this.emulator = new xterm.Terminal({ cols: size.columns, rows: size.rows, allowProposedApi: true });
    this.emulator.loadAddon(new Unicode11Addon());
    this.emulator.unicode.activeVersion = '11';
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.emulator.write(chunk, done);
      },
    });
    const input = Object.assign(new PassThrough(), { isTTY: true, isRaw: false, setRawMode: () => input });
    Object.assign(output, { ...size, isTTY: true });
    this.#input = input;
    this.#output = output;
    const streams = { input, output } as unknown as { input: NodeJS.ReadStream; output: NodeJS.WriteStream };
    this.#screen = new TerminalScreen(streams, { TERM: 'xterm-256color' }, look);
    this.#screen.onKey((press) => this.keys.push(press));
  }

  /** Gives the screen as rows of text. */
  async draw(frame: Frame): Promise<readonly string[]> {
    this.#screen.draw(frame);
    // What was drawn may still wait for the emulator to take what was drawn before it.
    do await new Promise<void>((done) => setImmediate(done));
    while (this.#output.writableLength > 0);
    await new Promise<void>((done) => this.emulator.write('', done));
    const { active } = this.emulator.buffer;
    return Array.from(
      { length: this.emulator.rows },
      (_, y) => active.getLine(y)?.translateToString(true) ?? '',
    );
  }

  async type(bytes: string): Promise<void> {
    this.#input.write(bytes);
    await new Promise<void>((done) => setImmediate(done));
  }

  close(): void {
    this.#screen.leave();
    this.emulator.dispose();
  }
}
