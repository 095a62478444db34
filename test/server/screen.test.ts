/** The server's screen: what it shows at three sizes, what keys do, and that nothing foreign moves a row. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { show } from '@ferry/protocol';
import { cells } from '@ferry/protocol/terminal/cells';
import { chartDataOf, chartSamples } from '../../packages/server/src/screen/chart-data.ts';
import { frameOf } from '../../packages/server/src/screen/frame.ts';
import { layoutOf, type Size } from '../../packages/server/src/screen/layout.ts';
import { lookFor } from '../../packages/server/src/screen/look.ts';
import { screenRows } from '../../packages/server/src/screen/rows.ts';
import {
  chosenOf,
  firstState,
  type ScreenCmd,
  type ScreenMsg,
  type ScreenState,
} from '../../packages/server/src/screen/state.ts';
import { update } from '../../packages/server/src/screen/update.ts';
import type { ConnectionStatus, ServerStatus } from '../../packages/server/src/supervisor/status.ts';
import { golden } from '../support/golden.ts';
import { hostileText } from '../support/hostile-names.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { dayOpts, dayState, EmulatedScreen } from '../support/server-screen.ts';

const startMs = Date.UTC(2026, 10, 21, 10, 0, 0);
const MB = 1_000_000;

function connection(id: number, user: string, more: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    id,
    source: `10.0.0.${id}`,
    sinceMs: startMs + id * 1000,
    user,
    kind: 'session',
    sessionId: `${id}`.repeat(8),
    received: 0,
    sent: 0,
    ...more,
  };
}

/** The server after so many seconds: Anna downloads with two lanes, 小林 uploads and has stalled. */
function statusAt(second: number, more: Partial<ServerStatus> = {}): ServerStatus {
  const wave = Math.round((second % 7) * 2 * MB);
  const moved = second * 8 * MB + wave;
  const anna = `${1}`.repeat(8);
  const lane = (id: number, sent: number): ConnectionStatus =>
    connection(id, 'anna', { source: '10.0.0.1', kind: 'lane', sessionId: anna, sent });
  return {
    id: 'a'.repeat(16),
    pid: 77,
    folder: '/srv/films',
    address: '10.0.0.5:7377',
    sinceMs: startMs - 5_000_000,
    workers: 4,
    wantedWorkers: 4,
    threads: [0.12, 0.98, 0.7, 0].map((load, i) => ({
      index: i + 1,
      connections: 3 * i,
      activeMs: load * 1000 * second,
      workedMs: 0,
    })),
    restarts: 1,
    isDraining: false,
    turnedAway: 2,
    bus: undefined,
    moving: [
      {
        sessionId: anna,
        verb: 'download',
        path: show('/a long film.mkv'),
        size: 900 * MB,
        done: moved / 2,
        ms: 9000,
        quietMs: 10,
      },
      {
        sessionId: anna,
        verb: 'download',
        path: show('/a long film.mkv'),
        size: 900 * MB,
        done: moved / 2,
        ms: 8000,
        quietMs: 500,
      },
      {
        sessionId: '2'.repeat(8),
        verb: 'upload',
        path: show('/写真/海.jpg'),
        size: 10 * MB,
        done: 4 * MB,
        ms: 60_000,
        quietMs: 12_000,
      },
      {
        sessionId: '3'.repeat(8),
        verb: 'copy',
        path: show('/films'),
        done: 70 * MB,
        ms: 3000,
        quietMs: 3000,
      },
    ],
    waiting: 1,
    connections: [
      connection(1, 'anna', { sent: 10_000 }),
      lane(11, moved / 2),
      lane(12, moved / 2),
      connection(2, '小林', { received: 4 * MB }),
      connection(3, 'bob', { source: '2001:db8:1234:5678:9abc:def0:1234:5678' }),
      connection(9, '', { kind: 'stranger', user: undefined, sessionId: undefined }),
    ],
    slowed: [{ sessionId: '3'.repeat(8), down: 5 * MB, up: undefined }],
    held: [],
    barred: [{ source: '10.0.0.66', ms: 5000 }],
    gate: { mostConnections: 10_000, mostStrangers: 1000, passwordsWaiting: 0, guessed: [], shunned: [] },
    figures: { verbs: [], received: second * MB, sent: moved, waits: second * 40, waitedMs: 0 },
    tallies: {
      logins: { 'with its device key': 12, 'with an invite': 2 },
      refusals: { AUTH_FAILED: 5, TIMEOUT: 1 },
      filesSent: 0,
      filesReceived: 0,
      troubles: 3,
    },
    disk: { free: 120e9, total: 500e9 },
    audit: undefined,
    ...more,
  };
}

function after(state: ScreenState, ...messages: readonly ScreenMsg[]): ScreenState {
  return messages.reduce((now, message) => update(now, message)[0], state);
}

function looked(
  size: Size,
  seconds = 30,
  more: (second: number) => Partial<ServerStatus> = () => ({}),
): ScreenState {
  const looks = Array.from(
    { length: seconds },
    (_, second): ScreenMsg => ({
      kind: 'status',
      status: statusAt(second, more(second)),
      nowMs: startMs + second * 1000,
    }),
  );
  const lines = [
    'anna@10.0.0.1:5 logged in with its device key (ferry 0.1.0 on büro)',
    '小林@10.0.0.2:6 uploaded /写真/山.jpg (4 MB in 2.0 s, 2 MB/s)',
  ];
  const log: ScreenMsg = {
    kind: 'log',
    lines: lines.map((text, i) => ({ ms: startMs + i * 1000, text: show(text) })),
  };
  return after(firstState(size), { kind: 'server', servers: 1, which: 0 }, log, ...looks);
}

const colours = lookFor({ TERM: 'xterm-256color', LANG: 'C.UTF-8' });
const plain = lookFor({ TERM: 'xterm-256color', LANG: 'C', NO_COLOR: '1' });
it('has colours that are read on a light background, where the terminal says that it is', () => {
  const on = (COLORFGBG: string) => lookFor({ TERM: 'xterm-256color', LANG: 'C.UTF-8', COLORFGBG }).theme;
  assert.notDeepEqual(on('0;15'), on('15;0'));
  assert.deepEqual(on('15;0'), colours.theme);
});

const opts = {
  look: colours,
  nowMs: startMs + 30_000,
  clock: (ms: number) => new Date(ms).toISOString().slice(11, 19),
  hasChart: false,
};

function text(state: ScreenState, more: Partial<typeof opts> = {}): string {
  const rows = screenRows(state, { ...opts, ...more });
  return `${rows.map((row) => bare(row).trimEnd()).join('\n')}\n`;
}

function bare(row: string): string {
  return stripVTControlCharacters(row);
}

const sizes = [
  { columns: 80, rows: 24 },
  { columns: 120, rows: 36 },
  { columns: 200, rows: 60 },
] as const;

describe('the server’s screen', () => {
  for (const size of sizes) {
    const name = `${size.columns}x${size.rows}`;
    it(`shows who is there, what moves and how fast (${name})`, () => {
      golden(`server-screen-${name}`, text(looked(size)));
    });
  }

  it('does without colours, and without signs beyond ASCII', () => {
    const state = looked({ columns: 80, rows: 24 });
    const rows = screenRows(state, { ...opts, look: plain });
    const sequences = new Set(
      rows.flatMap((row) => row.split('\x1b').slice(1)).map((part) => part.split('m')[0]),
    );
    assert.deepEqual(sequences, new Set(['[0', '[1', '[7']));
    golden('server-screen-80x24-plain', text(state, { look: plain }));
  });

  it('has rows of exactly its width and number at any size, whatever names there are', (t) => {
    t.diagnostic(`seed: ${seed}`);
    const random = randomFrom(seed);
    for (let i = 0; i < runs(60); i++) {
      const size = { columns: 1 + random(240), rows: 1 + random(70) };
      const name = hostileText(random);
      const state = looked(size, 3, (second) => {
        const status = statusAt(second);
        return {
          folder: name,
          address: name,
          connections: status.connections.map((one) => ({ ...one, user: name, source: name })),
          moving: status.moving.map((one) => ({ ...one, path: show(name) })),
        };
      });
      const asked = after(
        state,
        { kind: 'key', key: 'mtkK'[random(4)] ?? 'm', text: undefined },
        { kind: 'key', key: 'x', text: name.slice(0, 40) },
      );
      for (const shown of [state, asked]) {
        const rows = screenRows(shown, { ...opts, look: random(2) === 0 ? colours : plain });
        assert.equal(rows.length, size.rows, `${size.columns}x${size.rows}`);
        for (const row of rows) {
          assert.equal(cells(bare(row)), size.columns, JSON.stringify(row));
          assert.doesNotMatch(bare(row), /[\p{Cc}\p{Cf}]/u);
        }
      }
    }
  });

  it('breaks what is too long for the log, so that an invite is whole', () => {
    const invite = `ferry ferry://192.0.2.7:7377/#${'abcd-'.repeat(24)}end`;
    const lines = [{ ms: startMs, text: show(invite) }];
    const state = after(looked({ columns: 80, rows: 24 }, 2), { kind: 'log', lines });
    const shown = text(state).replaceAll(/\n {10}/g, '');
    assert.ok(shown.includes(invite), shown);
  });

  it('says that there is no server, and that one has gone', () => {
    const none = after(firstState({ columns: 80, rows: 24 }), { kind: 'lost' });
    assert.match(text(none), /no ferryd of this user is running/);
    const gone = after(looked({ columns: 80, rows: 24 }), { kind: 'lost' });
    assert.match(text(gone), /10\.0\.0\.5:7377 .*it has gone/);
    const [state, commands] = update(gone, { kind: 'key', key: 'k', text: 'k' });
    assert.deepEqual([state.asked, commands, state.notice?.text], [undefined, [], 'the server has gone']);
  });

  it('makes rates of several looks, and lets no file go back when a lane lets go of it', () => {
    const state = looked({ columns: 120, rows: 36 }, 10);
    const film = state.sample?.moving.find(({ verb }) => verb === 'download');
    assert.equal(film?.done, 9 * 8 * MB + 2 * 2 * MB);
    assert.ok(Math.abs((film?.rate ?? 0) - 6.4 * MB) < 3 * MB);
    const lanes = statusAt(10).moving.slice(1);
    const status = statusAt(10, { moving: lanes });
    const next = after(state, { kind: 'status', status, nowMs: startMs + 10_000 });
    assert.equal(next.sample?.moving.find(({ verb }) => verb === 'download')?.done, film?.done);
    const restarted = after(state, {
      kind: 'status',
      status: statusAt(0, { pid: 78 }),
      nowMs: startMs + 11_000,
    });
    assert.equal(restarted.sample?.downRate, 0);
  });

  it('draws its chart in a unit of few digits, the newest at the right edge', () => {
    const state = looked({ columns: 200, rows: 60 });
    const samples = chartSamples(120);
    const { labels, down, most } = chartDataOf(state, samples);
    assert.deepEqual([labels.length, down.length], [samples, samples]);
    assert.deepEqual([labels[0], labels.at(-31), labels.at(-1)], ['-90 s', '-30 s', 'now']);
    assert.equal(down.at(-1), (state.sample?.downRate ?? 0) / MB);
    assert.ok(most >= Math.max(...down) && most < 1000);
    assert.equal(chartDataOf(firstState({ columns: 80, rows: 24 }), 31).most, 1);
  });

  it('gives every panel a place of its own', () => {
    for (const size of [...sizes, { columns: 30, rows: 13 }, { columns: 159, rows: 20 }]) {
      const { graph, threads, people, moving, log } = layoutOf(size);
      const area = [graph, threads, people, moving, log].reduce(
        (sum, { width, height }) => sum + width * height,
        0,
      );
      assert.equal(area, size.columns * (size.rows - 4), JSON.stringify(size));
    }
  });
});

describe('the terminal of the server’s screen', () => {
  it('shows the rows as they are, with a chart where there is room, also after the size has changed', async () => {
    for (const size of sizes) {
      const state = dayState(size);
      const screen = new EmulatedScreen(size, colours);
      try {
        const frame = frameOf(state, { look: colours, ...dayOpts });
        const { chart } = frame;
        assert.equal(chart !== undefined, size.columns === 200);
        await screen.draw({ ...frame, rows: frame.rows.map(() => '') });
        const drawn = await screen.draw(frame);
        frame.rows.forEach((row, y) => {
          const isChart =
            chart !== undefined && y >= chart.rect.top && y < chart.rect.top + chart.rect.height;
          if (!isChart) assert.equal(drawn[y]?.trimEnd(), bare(row).trimEnd());
          else
            assert.ok(
              drawn[y]?.trimEnd().endsWith(bare(row).slice(chart.rect.width).trimEnd()),
              `threads, row ${y}`,
            );
        });
        assert.equal(/[⠁-⣿]/.test(drawn.join('')), chart !== undefined);
        if (chart === undefined) continue;
        assert.match(drawn.join('\n'), /^ *-90 s|-2 min .* -90 s .* -1 min .* -30 s/m);
        const without = await screen.draw({ ...frame, chart: undefined });
        assert.doesNotMatch(without.join(''), /[⠁-⣿]/);
      } finally {
        screen.close();
      }
    }
  });

  it('gives keys their names, once each', async () => {
    const screen = new EmulatedScreen({ columns: 80, rows: 24 }, colours);
    try {
      for (const bytes of ['k', 'K', '\x1b[A', '\x1b[6~', '\r', '\x7f', '\x03', '\x15', '\t', 'é', ' '])
        await screen.type(bytes);
      assert.deepEqual(
        screen.keys.map(({ key, text }) => (text === undefined ? key : `‹${text}›`)),
        ['‹k›', '‹K›', 'up', 'pagedown', 'enter', 'backspace', 'C-c', 'C-u', 'tab', '‹é›', '‹ ›'],
      );
    } finally {
      screen.close();
    }
  });
});

function press(state: ScreenState, ...keys: readonly string[]): readonly [ScreenState, readonly ScreenCmd[]] {
  let now = state;
  const commands: ScreenCmd[] = [];
  for (const key of keys) {
    const [next, more] = update(now, { kind: 'key', key, text: [...key].length === 1 ? key : undefined });
    now = next;
    commands.push(...more);
  }
  return [now, commands];
}

describe('keys of the server’s screen', () => {
  const state = looked({ columns: 120, rows: 36 });
  const [anna, second] = ['1'.repeat(8), '2'.repeat(8)];

  it('choose a session, which stays chosen wherever it goes', () => {
    assert.equal(chosenOf(state)?.sessionId, anna);
    const [down] = press(state, 'down');
    assert.equal(chosenOf(down)?.sessionId, second);
    const [sorted] = press(down, 's', 's', 's');
    assert.equal(sorted.sort, 'name');
    assert.equal(chosenOf(sorted)?.sessionId, second);
    const [last] = press(state, 'end', 'down', 'pagedown');
    assert.equal(chosenOf(last)?.user, 'bob');
    assert.equal(chosenOf(press(last, 'home')[0])?.sessionId, anna);
  });

  it('close a session or an account only after a yes', () => {
    for (const no of ['n', 'escape', 'enter', 'C-c', 'k']) assert.deepEqual(press(state, 'k', no)[1], [], no);
    const [asked] = press(state, 'k');
    assert.match(text(asked), /Close the session of anna from 10\.0\.0\.1\? y: yes/);
    const [, [order]] = press(state, 'down', 'k', 'y');
    assert.deepEqual(order?.kind === 'order' && order.order, { do: 'kick', session: second });
    const [, [whole]] = press(state, 'K', 'y');
    assert.deepEqual(whole?.kind === 'order' && whole.order, { do: 'kick-account', user: 'anna' });
  });

  it('limit a session or an account, one way or both', () => {
    const rates = (...keys: readonly string[]) => {
      const [, [command]] = press(state, ...keys, 'enter');
      assert.ok(command?.kind === 'order');
      return command.order.do === 'throttle' ? command.order.rates : command.order;
    };
    const MiB = 1024 ** 2;
    assert.deepEqual(rates('t', ...'5M'), { down: 5 * MiB, up: 5 * MiB });
    assert.deepEqual(rates('t', ...'5M 1m'), { down: 5 * MiB, up: MiB });
    assert.deepEqual(rates('t', ...'none 2M'), { down: undefined, up: 2 * MiB });
    assert.deepEqual(rates('t', ...'9', 'C-u', ...'none'), { down: undefined, up: undefined });
    const whole = { do: 'limit-account', user: 'anna', rates: { down: MiB, up: MiB } };
    assert.deepEqual(rates('T', ...'1M'), whole);
    const [wrong, commands] = press(state, 't', ...'10K', 'enter');
    assert.deepEqual(commands, []);
    assert.match(text(wrong), /a limit wants at least 512K a second/);
    assert.match(text(press(wrong, 'backspace')[0]), /none\): 10 *$/m);
    assert.deepEqual(press(state, 't', 'enter')[1], []);
  });

  it('say something to whoever sits there, keys of the screen included', () => {
    const [, [command]] = press(state, 'm', ...'quick: k', 'backspace', ...'q', 'enter');
    assert.deepEqual(command?.kind === 'order' && command.order, {
      do: 'tell',
      session: anna,
      text: 'quick: q',
    });
    assert.deepEqual(press(state, 'm', ...'x'.repeat(3000), 'escape')[1], []);
  });

  it('leave the screen, with the server or without', () => {
    assert.deepEqual(press(state, 'q')[1], [{ kind: 'quit', end: false }]);
    assert.deepEqual(press(state, 'C-c')[1], [{ kind: 'quit', end: true }]);
    assert.deepEqual(press(state, 'tab')[1], []);
    const several = after(state, { kind: 'server', servers: 2, which: 0 });
    assert.deepEqual(press(several, 'tab')[1], [{ kind: 'next-server' }]);
    const empty = looked({ columns: 80, rows: 24 }, 2, () => ({ connections: [] }));
    assert.equal(press(empty, 'k')[0].notice?.text, 'nobody is connected');
  });
});
