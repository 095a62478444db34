/** Several servers looked at from one of them: how they tell of themselves, and what their owner's screen makes of it. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { Code, FerryError } from '@ferry/protocol';
import { cells } from '@ferry/protocol/terminal/cells';
import { lookFor } from '../../packages/server/src/screen/look.ts';
import { screenRows } from '../../packages/server/src/screen/rows.ts';
import { firstState, type ScreenMsg, type ScreenState } from '../../packages/server/src/screen/state.ts';
import { update } from '../../packages/server/src/screen/update.ts';
import { askStatus, OtherStatuses, StatusTeller } from '../../packages/server/src/supervisor/far-status.ts';
import type { ConnectionStatus, ServerStatus } from '../../packages/server/src/supervisor/status.ts';
import {
  decodeStatus,
  encodeStatus,
  type ToldStatus,
} from '../../packages/server/src/supervisor/status-wire.ts';
import { visitsOf } from '../../packages/server/src/visits.ts';
import { oneOf, wholeOf } from '../../packages/server/src/whole-status.ts';
import { withCode } from '../support/code.ts';
import { golden } from '../support/golden.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { dayMs, dayOpts, dayStatus } from '../support/server-screen.ts';

const bare = (row: string): string => stripVTControlCharacters(row);

function toldOf({ bus: _, id: __, held: ___, ...told }: ServerStatus): ToldStatus {
  return told;
}

function connectionsOf(
  server: number,
  count: number,
  more: Partial<ConnectionStatus> = {},
): ConnectionStatus[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    source: `10.${server}.${i >> 8}.${i & 255}`,
    sinceMs: dayMs + i,
    user: `user-${(i * 7919 * (server + 1)) % 100_003}`,
    kind: 'session',
    sessionId: ((i + 1) * 0x9e37_79b1 * (server + 1)).toString(16).slice(0, 12),
    received: i * 1_234_567,
    sent: i * 7_654_321,
    ...more,
  }));
}

/** A server that answers as others would ask it over the bus. */
function servers(all: Readonly<Record<string, StatusTeller | (() => Promise<Uint8Array>)>>) {
  const asked: string[] = [];
  return {
    asked,
    ids: Object.keys(all),
    ask: async (server: string, _verb: string, body: Uint8Array): Promise<Uint8Array> => {
      asked.push(server);
      const one = all[server];
      assert.ok(one);
      return one instanceof StatusTeller ? one.answer(body, 'asker') : one();
    },
  };
}

describe('servers that tell each other how they are', () => {
  it('take as many parts as it needs, each of one look', async () => {
    let status = toldOf({ ...dayStatus(96), connections: connectionsOf(1, 9000) });
    const teller = new StatusTeller(async () => status);
    const net = servers({ b: teller });
    assert.deepEqual(await askStatus(net, 'b'), status);
    assert.ok(net.asked.length > 3, 'several parts');
    // Who asks on and on gets one look; a second begin makes the first worthless.
    const parts: Uint8Array[] = [];
    let begin: Uint8Array = Buffer.alloc(0);
    const slow = {
      ask: async (server: string, verb: string, body: Uint8Array) => {
        if (parts.length === 0) begin = body;
        const part = await net.ask(server, verb, body);
        parts.push(part);
        if (parts.length === 2) {
          status = toldOf({ ...dayStatus(20), connections: connectionsOf(1, 9500) });
          await net.ask(server, verb, Buffer.from(begin));
        }
        return part;
      },
    };
    await assert.rejects(askStatus(slow, 'b'), withCode('BUSY'));
    // What was told to the end is not kept.
    const late = { ask: async () => net.ask('b', 'status', Buffer.from([0x92, 1, 1])) };
    await assert.rejects(askStatus(late, 'b'), withCode('BUSY'));
    await assert.rejects(teller.answer(Buffer.from('no'), 'b'), withCode('MALFORMED'));
    await assert.rejects(
      askStatus({ ask: async (_server, _verb, body) => (body[2] === 0 ? (parts[0] ?? body) : body) }, 'b'),
      withCode('MALFORMED'),
    );
  });

  it(`are believed nothing that is no status (FERRY_SEED=${seed})`, () => {
    const random = randomFrom(seed);
    const body = encodeStatus(toldOf({ ...dayStatus(96), connections: connectionsOf(2, 20) }));
    let refused = 0;
    for (let i = 0; i < runs(400); i++) {
      const damaged = Buffer.from(body.subarray(0, random(3) === 0 ? random(body.length) : body.length));
      for (let flips = random(4); flips > 0 && damaged.length > 0; flips--) {
        damaged[random(damaged.length)] = random(256);
      }
      try {
        decodeStatus(damaged);
      } catch (error) {
        assert.ok(error instanceof FerryError, String(error));
        refused += 1;
      }
    }
    assert.ok(refused > 0);
  });

  it('are not waited for when they hang, nor asked twice, and forgotten when they are silent for long', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let nowMs = 0;
    const status = toldOf(dayStatus(96));
    const hangs = Promise.withResolvers<Uint8Array>();
    const whole = new StatusTeller(async () => status);
    const net = servers({ quick: whole, hangs: () => hangs.promise });
    const others = new OtherStatuses(net, () => nowMs);
    const look = async (): Promise<readonly string[]> => {
      const looked = others.look();
      // The quick one has answered: compressing takes a turn of another thread.
      for (let turns = 0; turns < 50; turns++) await new Promise<void>((done) => setImmediate(done));
      t.mock.timers.tick(700);
      return [...(await looked).keys()];
    };
    while (!(await look()).includes('quick'));
    assert.deepEqual(await look(), ['quick']);
    assert.equal(net.asked.filter((name) => name === 'hangs').length, 1);
    const lost = new FerryError(Code.BUSY, 'no answer');
    net.ask = () => Promise.reject(lost);
    nowMs = 4000;
    assert.deepEqual(await look(), ['quick'], 'what it said last');
    // One that was under way may still have come in time.
    do nowMs += 6000;
    while ((await look()).length > 0);
    assert.ok(nowMs < 30_000);
    hangs.reject(lost);
  });
});

const idOf = (n: number): string => `${n}`.repeat(16);

/** Three servers, of which the third does not answer: somebody has lanes on two. */
function three(second: number, more: Partial<ServerStatus> = {}): ServerStatus {
  const own = dayStatus(second);
  const anna = own.connections[0]?.sessionId ?? '';
  const lane = { kind: 'lane', user: 'anna', source: '10.0.0.7', sessionId: anna } as const;
  const far = {
    ...toldOf(own),
    address: '10.0.0.42:7377',
    threads: [{ index: 1, connections: 2, activeMs: 640 * second, workedMs: 0 }],
    connections: [
      ...connectionsOf(2, 2, { sent: 0, received: 0 }),
      ...connectionsOf(2, 1, { ...lane, id: 77, sent: 5e11 + second * 4e6 }),
    ],
    moving: [],
    figures: { ...own.figures, sent: 5e12 + second * 4e6, received: 0 },
  };
  const about = { folder: own.folder, fingerprint: 'x', sinceMs: own.sinceMs, isDraining: false, lanes: 0 };
  const others = [
    { ...about, id: idOf(3), address: own.address, sessions: 9, status: undefined },
    { ...about, id: idOf(2), address: far.address, sessions: 2, status: far },
  ];
  return { ...own, bus: { name: 'film', nodes: ['n1'], isWhole: true, others }, ...more };
}

describe('several servers as one', () => {
  it('show a person with lanes on two of them once, and count each server by itself', () => {
    const whole = wholeOf(three(90));
    assert.deepEqual(
      whole.servers.map(({ name, status }) => [name, status !== undefined]),
      [
        ['harbour.example', true],
        ['10.0.0.42', true],
        ['harbour.example (3333)', false],
      ],
    );
    const visits = visitsOf(whole.connections, wholeOf(three(89)).connections, 1);
    const anna = visits.filter(({ user }) => user === 'anna');
    assert.deepEqual(
      anna.map(({ lanes, server }) => [lanes, server]),
      [[3, 'harbour.example']],
    );
    const alone = visitsOf(dayStatus(90).connections, dayStatus(89).connections, 1);
    assert.equal(anna[0]?.downRate, (alone.find(({ user }) => user === 'anna')?.downRate ?? 0) + 4e6);
    assert.equal(whole.tallies.logins['with its device key'], 62);
    assert.deepEqual(whole.barred, dayStatus(90).barred);
    assert.equal(whole.slowed.length, 1);
    assert.equal(oneOf(three(90), idOf(2))?.connections.length, 3);
    assert.equal(oneOf(three(90), idOf(3)), undefined);
    assert.equal(wholeOf(dayStatus(3)).servers.length, 1);
  });

  const day = (size: ScreenState['size'], of: (second: number) => ServerStatus, seconds = 96): ScreenState =>
    [
      { kind: 'server', servers: 1, which: 0 } as const,
      ...Array.from(
        { length: seconds },
        (_, second): ScreenMsg => ({ kind: 'status', status: of(second), nowMs: dayMs + second * 1000 }),
      ),
    ].reduce<ScreenState>((state, message) => update(state, message)[0], firstState(size));
  const look = lookFor({ TERM: 'xterm-256color', LANG: 'C.UTF-8' });
  const rowsOf = (state: ScreenState): readonly string[] =>
    screenRows(state, { look, hasChart: false, ...dayOpts }).map(bare);
  const text = (state: ScreenState): string =>
    `${rowsOf(state)
      .map((row) => row.trimEnd())
      .join('\n')}\n`;
  const press = (state: ScreenState, key: string) => update(state, { kind: 'key', key, text: undefined });

  for (const size of [
    { columns: 80, rows: 24 },
    { columns: 120, rows: 36 },
  ]) {
    it(`are one screen (${size.columns}x${size.rows})`, () => {
      const state = day(size, three);
      golden(`server-screen-three-${size.columns}x${size.rows}`, text(state));
      for (const row of rowsOf(state)) assert.equal(cells(row), size.columns);
    });
  }

  it('are looked at one by one with Tab, those that answer, and all again', () => {
    const state = day({ columns: 120, rows: 36 }, three);
    const shown: string[] = [];
    let now = state;
    for (let i = 0; i < 3; i++) {
      const [next, commands] = press(now, 'tab');
      assert.deepEqual(commands, []);
      now = next;
      shown.push(/· ([^·]+?) +up /.exec(rowsOf(now)[0] ?? '')?.[1] ?? '');
    }
    assert.deepEqual(shown, ['one of 3 servers', 'one of 3 servers', 'all 3 servers']);
    // The next server of this user comes behind the last one here.
    const two = { ...press(press(state, 'tab')[0], 'tab')[0], servers: 2 };
    assert.deepEqual(press(two, 'tab')[1], [{ kind: 'next-server' }]);
    // One that goes while it is looked at leaves all.
    const focused = press(press(state, 'tab')[0], 'tab')[0];
    assert.equal(focused.focus, idOf(2));
    const alone = update(focused, { kind: 'status', status: dayStatus(97), nowMs: dayMs + 97_000 })[0];
    assert.equal(alone.focus, undefined);
    assert.match(text(alone), /that server does not answer: these are all/);
  });

  it('make no rate of what was counted before they were seen', () => {
    const size = { columns: 120, rows: 36 };
    const plain = day(size, dayStatus, 92);
    const comes = day(size, (second) => (second < 91 ? dayStatus(second) : three(second)), 93);
    const rate = plain.sample?.downRate ?? 0;
    assert.ok((comes.sample?.downRate ?? 0) < 2 * rate, `${comes.sample?.downRate} instead of ${rate}`);
    const goes = day(size, (second) => (second < 91 ? three(second) : dayStatus(second)), 93);
    for (const { downRate } of [...(goes.sample?.people ?? []), ...(comes.sample?.people ?? [])]) {
      assert.ok(downRate < 1e8, `${downRate}`);
    }
    // One that was silent for a while, and answers again.
    const silent = (second: number): ServerStatus => {
      const status = three(second);
      if (second < 80 || second > 90 || status.bus === undefined) return status;
      const others = status.bus.others.map((other) => ({ ...other, status: undefined }));
      return { ...status, bus: { ...status.bus, others } };
    };
    const again = day(size, silent, 92);
    assert.ok(again.history.down.every((one) => one < 1e9));
    assert.ok(again.sample?.people.every(({ downRate }) => downRate < 1e8));
  });
});
