/** The server's own screen in the middle of a busy minute. */

import { show } from '@ferry/protocol';
import type { Size } from '@ferry/server/screen/layout';
import { lookFor } from '@ferry/server/screen/look';
import { screenRows } from '@ferry/server/screen/rows';
import { firstState, type ScreenMsg } from '@ferry/server/screen/state';
import { update } from '@ferry/server/screen/update';
import type { ConnectionStatus, ServerStatus } from '@ferry/server/supervisor/status';
import { fixedNow } from '../../tui/support/fake-terminal.ts';

const MB = 1e6;
const startMs = fixedNow - 90_000;
const sessions = { anna: 'a1', bob: 'b2', 小林: 'c3' } as const;
type User = keyof typeof sessions;

/** MB/s, second by second. */
const down = (second: number): number => 240 + 60 * Math.sin(second / 5) - (second % 31 < 3 ? 150 : 0);
const up = (second: number): number => 35 + 20 * Math.sin(second / 9);
const sum = (rate: (second: number) => number, seconds: number): number =>
  Array.from({ length: seconds }, (_, i) => Math.max(0, rate(i)) * MB).reduce((all, one) => all + one, 0);

function connection(
  id: number,
  user: User,
  source: string,
  more: Partial<ConnectionStatus>,
): ConnectionStatus {
  return {
    id,
    source,
    sinceMs: startMs - id * 61_000,
    user,
    kind: 'session',
    sessionId: sessions[user],
    received: 0,
    sent: 0,
    ...more,
  };
}

function statusAt(second: number): ServerStatus {
  const [sent, received] = [sum(down, second), sum(up, second)];
  const file = (user: User, verb: string, path: string, size: number, done: number, quietMs = 80) => ({
    sessionId: sessions[user],
    verb,
    path: show(path),
    size: size * MB,
    done,
    ms: second * 1000,
    quietMs,
  });
  return {
    pid: 77,
    folder: '/srv/film',
    address: '0.0.0.0:7377',
    sinceMs: startMs - 8_000_000,
    workers: 4,
    wantedWorkers: 4,
    threads: [0.31, 0.86, 0.62, 0.08].map((load, i) => ({
      index: i + 1,
      connections: [5, 9, 7, 2][i] ?? 0,
      activeMs: load * 1000 * second,
      workedMs: 0,
    })),
    restarts: 0,
    isDraining: false,
    turnedAway: 1,
    moving: [
      file('anna', 'download', '/cut-02.mov', 38_700, sent * 0.6),
      file('anna', 'download', '/raw/0412.dng', 46, 31 * MB),
      file('bob', 'download', '/audio/rain.wav', 9_120, sent * 0.3),
      file('小林', 'upload', '/in/海の家.mov', 4_800, received),
      file('bob', 'upload', '/in/mix.flac', 88, 40 * MB, 12_000),
    ] as ServerStatus['moving'],
    waiting: 3,
    connections: [
      connection(1, 'anna', '10.0.0.21', { sent: 90_000 }),
      connection(4, 'anna', '10.0.0.21', { kind: 'lane', sent: sent * 0.65 }),
      connection(2, 'bob', '192.0.2.77', {}),
      connection(5, 'bob', '192.0.2.77', { kind: 'lane', sent: sent * 0.35 }),
      connection(3, '小林', '2001:db8:7::12', {}),
      connection(6, '小林', '2001:db8:7::12', { kind: 'lane', received }),
    ],
    slowed: [{ sessionId: sessions.bob, down: 80 * MB, up: undefined }],
    held: [],
    barred: [{ source: '198.51.100.9', ms: 240_000 }],
    figures: { verbs: [], received, sent, waits: second * 12, waitedMs: 0 },
    tallies: {
      logins: { 'with its device key': 18, 'with an invite': 1 },
      refusals: { AUTH_FAILED: 7 },
      filesSent: 412,
      filesReceived: 61,
      troubles: 0,
    },
    disk: { free: 1.2e12, total: 4e12 },
    audit: undefined,
  };
}

const log = [
  'anna@10.0.0.21:50312 logged in with its device key (ferry 0.1.0 on tern)',
  '小林@2001:db8:7::12:40110 logged in with an invite (ferry 0.1.0 on umi)',
  'bob@192.0.2.77:33024 downloaded /audio/wind.wav (151 MB in 0.6 s, 251 MB/s)',
  '198.51.100.9 is kept out for 4 minutes: 7 wrong passwords',
  'anna@10.0.0.21:50312 downloaded /cut-01.mov (4.21 GB in 15.1 s, 279 MB/s)',
];

export function serverScreen(size: Size): readonly string[] {
  const messages: ScreenMsg[] = [
    { kind: 'server', servers: 1, which: 0 },
    { kind: 'log', lines: log.map((text, i) => ({ ms: startMs + i * 16_000, text: show(text) })) },
    ...Array.from(
      { length: 90 },
      (_, second): ScreenMsg => ({
        kind: 'status',
        status: statusAt(second),
        nowMs: startMs + second * 1000,
      }),
    ),
  ];
  const state = messages.reduce((now, message) => update(now, message)[0], firstState(size));
  return screenRows(state, {
    look: lookFor({ TERM: 'xterm-256color', LANG: 'C.UTF-8' }),
    nowMs: fixedNow,
    clock: (ms) => new Date(ms).toISOString().slice(11, 19),
    hasChart: false,
  });
}
