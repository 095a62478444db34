/** The bus between servers: its contract over wires in memory, and what it does when the wire loses something or somebody lies. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Code, FerryError, limits, show } from '@ferry/protocol';
import { attach, mkdir, protocolVersion, stat, ticket } from '@ferry/protocol/messages';
import { laneProof } from '@ferry/protocol/session';
import { pack } from '@ferry/protocol/wire';
import { MemoryStorage } from '@ferry/server/storage/memory';
import { invalidTicket } from '../../packages/server/src/access/lane-tickets.ts';
import { kicked } from '../../packages/server/src/access/standing.ts';
import { decodeToAll, encodeSaid } from '../../packages/server/src/bus/envelope.ts';
import { askForLane, grantFarLane } from '../../packages/server/src/supervisor/far-lanes.ts';
import { orderEverywhere, orderFromAfar } from '../../packages/server/src/supervisor/far-orders.ts';
import type { Order } from '../../packages/server/src/supervisor/order.ts';
import { ToldFolders } from '../../packages/server/src/watching/told-folders.ts';
import { busSuite } from '../suites/bus.suite.ts';
import { withCode } from '../support/code.ts';
import { connectTo, laneOn, serverContext, sessionOn } from '../support/in-process.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { MemoryWires, netOfServers, ServerNet, type TestServer, turn, until } from '../support/server-net.ts';
import type { TestMember } from '../support/thread-bus.ts';

busSuite('servers', () => netOfServers(new MemoryWires().open));

type Ear = { readonly heard: string[]; readonly gone: string[]; readonly member: TestMember };

const text = (words: string): Uint8Array => Buffer.from(words);

/** Servers that have heard of each other. */
async function world(t: TestContext, count: number) {
  const wires = new MemoryWires();
  const net = new ServerNet(wires.open);
  const ears: Ear[] = [];
  const opts = {
    checkOf: (subject: string) =>
      subject.startsWith('own')
        ? undefined
        : (body: Uint8Array) => {
            if (Buffer.from(body).includes('evil')) throw new FerryError(Code.MALFORMED, 'no such thing');
          },
  };
  const servers: TestServer[] = [];
  for (let i = 0; i < count; i++) servers.push(await net.start(opts));
  t.after(() => {
    net.done();
    for (const { member } of ears) member.end();
  });
  /** So many beats of all, each of which has arrived everywhere. */
  const beats = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      net.beat();
      for (let turns = 0; turns < 5; turns++) await turn();
    }
  };
  const listen = async (server: TestServer, ...subjects: readonly string[]): Promise<Ear> => {
    const member = server.join();
    const ear: Ear = { heard: [], gone: [], member };
    ears.push(ear);
    member.bus.onGone((who) => ear.gone.push(who));
    for (const subject of subjects) {
      const listener = {
        onMessage: (body: Uint8Array, from: string) =>
          ear.heard.push(`${from} ${Buffer.from(body).toString()}`),
        onGap: () => ear.heard.push('gap'),
      };
      await member.bus.subscribe(subject, listener).ready;
    }
    return ear;
  };
  await beats(4);
  return { wires, net, servers: servers as [TestServer, TestServer, TestServer], beats, listen };
}

describe('the bridge', () => {
  test('a message that the wire loses is a gap before the next one, and at the latest with the next beat', async (t) => {
    const { wires, servers, beats, listen } = await world(t, 2);
    const [a, b] = servers;
    const [speaks, hears] = [await listen(a), await listen(b, 'x')];
    const from = speaks.member.bus.member;
    const lose = (): void => {
      wires.loses = (_, to) => to === b.id;
      speaks.member.bus.publish('x', text('lost'));
    };
    const heal = async (): Promise<void> => {
      for (let i = 0; i < 10; i++) await turn();
      wires.loses = () => false;
    };
    lose();
    await heal();
    speaks.member.bus.publish('x', text('one'));
    await until(() => hears.heard.length === 2);
    assert.deepEqual(hears.heard, ['gap', `${from} one`]);
    // What comes twice, or late, was heard or is lost.
    const old = { what: 'message', member: 'worker-1', subject: 'x', body: text('old') } as const;
    for (const seq of [1, 2]) wires.say(a.id, b.id, encodeSaid({ ...old, seq }));
    await beats(1);
    assert.equal(hears.heard.length, 2);
    lose();
    await heal();
    await beats(1);
    assert.deepEqual(hears.heard.slice(2), ['gap']);
    await beats(3);
    assert.equal(hears.heard.length, 3, 'told once');
  });

  test('a server that is silent is gone with all its members, and back with new names and a gap', async (t) => {
    const { wires, servers, beats, listen } = await world(t, 3);
    const [a, b, c] = servers;
    const [speaks, hears] = [await listen(a), await listen(b, 'x')];
    const quiet = await listen(a);
    await beats(1);
    wires.loses = (from, to) => from === a.id || to === a.id;
    await beats(limits.busGoneBeats - 1);
    assert.deepEqual(hears.gone, [], 'not before its time');
    await beats(3);
    assert.deepEqual(new Set(hears.gone), new Set([speaks, quiet].map(({ member }) => member.bus.member)));
    assert.deepEqual([b.bridge.has(a.id), b.bridge.has(c.id), b.bridge.isWhole], [false, true, true]);
    assert.deepEqual([a.bridge.isWhole, a.reach, a.bridge.servers.length], [false, [true, false], 0]);
    assert.ok(wires.renewed.includes(a.id), 'it asks for another line');
    wires.loses = () => false;
    await beats(2);
    assert.deepEqual(
      [a.reach, a.bridge.servers.length, b.bridge.servers.length],
      [[true, false, true], 2, 2],
    );
    assert.deepEqual(hears.heard, ['gap']);
    speaks.member.bus.publish('x', text('again'));
    await until(() => hears.heard.length === 2);
    assert.match(String(hears.heard[1]), new RegExp(`^${speaks.member.bus.member}\\.again-1 again$`));
    a.bridge.close();
    await until(() => hears.gone.length === 4);
    assert.equal(new Set(hears.gone).size, 4, 'no name is given twice');
  });

  test('who stands still takes nobody else for dead', async (t) => {
    const { net, servers, beats, listen } = await world(t, 2);
    const [a, b] = servers;
    const hears = await listen(b, 'x');
    await listen(a);
    // Its timers fire late and all at once, before it has heard what came meanwhile.
    for (let i = 0; i < 3; i++) for (let beat = 0; beat < limits.busGoneBeats; beat++) b.bridge.beat();
    for (let i = 0; i < 10; i++) net.beat();
    await beats(3);
    assert.deepEqual([hears.gone, b.bridge.has(a.id)], [[], true]);
  });

  test('a thread that ends is gone at once; where that is lost, the next beat says it', async (t) => {
    const { wires, servers, beats, listen } = await world(t, 2);
    const [a, b] = servers;
    const [one, two, hears] = [await listen(a), await listen(a), await listen(b)];
    await beats(1);
    one.member.die();
    await until(() => hears.gone.length === 1);
    wires.loses = () => true;
    two.member.die();
    for (let i = 0; i < 5; i++) await turn();
    wires.loses = () => false;
    assert.equal(hears.gone.length, 1);
    await beats(2);
    assert.deepEqual(hears.gone, [one.member.bus.member, two.member.bus.member]);
  });

  test('what is a process’s own neither leaves nor comes in; what no server says is counted and not heard', async (t) => {
    const { wires, servers, beats, listen } = await world(t, 2);
    const [a, b] = servers;
    const [speaks, hears] = [await listen(a), await listen(b, 'own.x', 'x')];
    const liar = 'f'.repeat(16);
    const say = (said: Parameters<typeof encodeSaid>[0]): void => wires.say(liar, b.id, encodeSaid(said));
    speaks.member.bus.publish('own.x', text('mine'));
    speaks.member.bus.publish('x', text('evil'));
    await beats(1);
    assert.deepEqual([hears.heard, b.nonsense], [[], ['MALFORMED']]);
    const message = {
      what: 'message',
      seq: 2,
      member: 'worker-1',
      subject: 'own.x',
      body: text('x'),
    } as const;
    say(message);
    say({ ...message, seq: 3, subject: 'x', member: 'A b' });
    say({ ...message, seq: 3, subject: 'x.*' });
    say({ ...message, seq: 3, subject: 'x', body: Buffer.alloc(limits.busMessageBytes + 1) });
    say({ ...message, seq: -1 });
    say({ what: 'ask', id: 1, verb: 'x', body: text('') });
    for (const payload of [Buffer.alloc(0), Buffer.from('nonsense'), pack([2, 1, 1]), pack([1, 99]), pack(1)])
      wires.say(liar, b.id, payload);
    const counted = b.nonsense.length;
    assert.equal(counted, 11);
    // A name that is none of a server says nothing at all.
    wires.say('worker-1', b.id, encodeSaid({ ...message, subject: 'x' }));
    assert.equal(b.nonsense.length, counted);
    speaks.member.bus.publish('x', text('good'));
    await until(() => hears.heard.at(-1)?.endsWith(' good') === true);
    assert.deepEqual(hears.heard.slice(0, -1), ['gap'], 'of the liar, who had said something before we met');
  });

  test('what one server says of members and servers has bounds', async (t) => {
    const { wires, servers, listen } = await world(t, 1);
    const [a] = servers;
    const hears = await listen(a, 'x');
    const id = (n: number): string => n.toString(16).padStart(16, '0');
    for (let n = 0; n < limits.busServers + 10; n++)
      wires.say(id(n), a.id, encodeSaid({ what: 'bye', seq: 1 }));
    const beat = (n: number): Buffer =>
      encodeSaid({ what: 'beat', seq: 0, members: [`worker-${n}`], about: text('') });
    for (let n = 0; n < limits.busServers + 10; n++) wires.say(id(n), a.id, beat(n));
    assert.equal(a.bridge.servers.length, limits.busServers);
    assert.equal(a.bridge.beatMs, 10 * (limits.busServers + 1));
    for (let n = 1; n < limits.busMembers + 50; n++) {
      const said = { what: 'message', member: `m-${n}`, subject: 'x', body: text('y') } as const;
      wires.say(id(0), a.id, encodeSaid({ ...said, seq: n }));
      if (n % 50 === 0) await turn();
    }
    for (let i = 0; i < 20; i++) await turn();
    const speakers = new Set(hears.heard.map((line) => line.split(' ')[0]));
    assert.ok(speakers.size <= limits.busMembers);
  });

  test(`any bytes at all end no server (FERRY_SEED=${seed})`, async (t) => {
    const { wires, servers, beats, listen } = await world(t, 2);
    const [a, b] = servers;
    const hears = await listen(b, 'x');
    const random = randomFrom(seed);
    const about = Buffer.alloc(20);
    const good = [
      encodeSaid({ what: 'message', seq: 1, member: 'm', subject: 'x', body: text('body') }),
      encodeSaid({ what: 'beat', seq: 1, members: ['m', 'n'], about }),
      encodeSaid({ what: 'gap', seq: 2, subjects: ['x'] }),
      encodeSaid({ what: 'gone', seq: 3, member: 'm' }),
    ];
    for (let i = 0; i < runs(3000); i++) {
      const bytes = Buffer.from(good[random(good.length)] as Buffer);
      for (let flips = random(4); flips >= 0; flips--) bytes[random(bytes.length)] = random(256);
      const cut = bytes.subarray(0, random(3) === 0 ? random(bytes.length) : bytes.length);
      try {
        assert.ok(decodeToAll(cut).seq >= 0);
      } catch (error) {
        assert.ok(error instanceof FerryError);
      }
      wires.say(a.id, b.id, cut);
      if (i % 100 === 0) await turn();
    }
    await beats(2);
    assert.ok(b.bridge.isWhole && hears.heard.length < 2 * runs(3000));
  });

  test(`on wires that lose what they like nothing is missed without a gap (FERRY_SEED=${seed})`, async (t) => {
    const { wires, servers, beats, listen } = await world(t, 3);
    const random = randomFrom(seed);
    const ears: Ear[] = [];
    for (const server of servers) for (let i = 0; i < 2; i++) ears.push(await listen(server, 'x', 'y'));
    const said = new Map<string, number>();
    let lossPercent = 0;
    wires.loses = () => random(100) < lossPercent;
    for (let step = 0; step < runs(400); step++) {
      if (step % 40 === 0) lossPercent = [0, 2, 50][random(3)] as number;
      const { bus } = (ears[random(ears.length)] as Ear).member;
      const n = (said.get(bus.member) ?? 0) + 1;
      said.set(bus.member, n);
      bus.publish('x', text(String(n)));
      if (random(4) === 0) await turn();
      if (random(20) === 0) await beats(1);
    }
    for (let i = 0; i < 50; i++) await turn();
    lossPercent = 0;
    await beats(8);
    let gaps = 0;
    for (const { heard } of ears) {
      const last = new Map<string, number>();
      let sinceGap = new Set<string>();
      for (const line of heard) {
        if (line === 'gap') {
          gaps += 1;
          sinceGap = new Set(said.keys());
          continue;
        }
        const [from = '', number] = line.split(' ');
        const who = from.replace(/\.again-.*/, '');
        const before = last.get(who) ?? 0;
        assert.ok(Number(number) > before, 'in order, each at most once');
        assert.ok(Number(number) === before + 1 || sinceGap.has(who), 'nothing is missed without a word');
        sinceGap.delete(who);
        last.set(who, Number(number));
      }
      // Whose last words were lost is told as well.
      for (const [who, n] of said) assert.ok(last.get(who) === n || sinceGap.has(who));
    }
    t.diagnostic(`count: ${gaps} gaps on lossy wires`);
  });
});

/** Two servers of the same files, of which the second asks the first. */
function twoServers(t: TestContext) {
  const storage = new MemoryStorage();
  const a = serverContext(scratchFolder(t), storage);
  const rates: { down?: number; up?: number } = {};
  const slowed: unknown[] = [];
  let refusal: FerryError | undefined;
  const asked: string[] = [];
  /** Holds answers back until it is called. */
  let gate = Promise.resolve();
  const servers = {
    isWhole: true,
    has: (server: string) => server === '0'.repeat(16),
    ask: async (server: string, _verb: string, body: Uint8Array): Promise<Uint8Array> => {
      asked.push(server);
      await gate;
      return grantFarLane(
        a.tickets,
        { refusal: () => refusal, ratesOf: () => ({ down: rates.down, up: rates.up }) },
        body,
      );
    },
  };
  const b = {
    ...serverContext(scratchFolder(t), storage, '1'.repeat(16)),
    askForLane: (issuer: string, shown: Parameters<typeof a.askForLane>[1]) =>
      askForLane(servers, { slowFrom: (...what) => slowed.push(what) }, issuer, shown),
  };
  return {
    ...{ a, b, servers, asked, rates, slowed },
    refuse: (why: FerryError) => {
      refusal = why;
    },
    hold: (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return resolve;
    },
  };
}

describe('a lane at another server than its session', () => {
  test('is let in by the server that gave the ticket, once, whichever servers it is shown to', async (t) => {
    const { a, b, asked } = twoServers(t);
    const session = await sessionOn(a);
    const { ticket: granted } = await session.client.call(ticket, {});
    // Who only saw the ticket cannot use it up.
    const thief = { ...session, welcome: { ...session.welcome, sessionSecret: Buffer.alloc(32) } };
    for (const server of [a, b]) {
      await assert.rejects(laneOn(server, thief, {}, granted), withCode('TICKET_INVALID'));
    }
    await laneOn(b, session, {}, granted);
    for (const server of [a, b]) {
      await assert.rejects(laneOn(server, session, {}, granted), withCode('TICKET_INVALID'));
    }
    await laneOn(a, session);
    assert.equal(asked.length, 3, 'its own are asked for nowhere');
    const forged = Buffer.from(granted);
    forged[20] = (forged[20] ?? 0) ^ 1;
    await assert.rejects(laneOn(b, session, {}, forged), withCode('TICKET_INVALID'));
    await assert.rejects(laneOn(b, session, {}, Buffer.from('short')), withCode('TICKET_INVALID'));
  });

  test('may be used before it is let in: what it sends waits, and is lost where it is refused', async (t) => {
    const { a, b, hold } = twoServers(t);
    const session = await sessionOn(a);
    await session.client.call(mkdir, { path: path('there') });
    const begin = async () => {
      const served = connectTo(b);
      const { ticket: granted } = await session.client.call(ticket, {});
      const proof = laneProof(served.link, session.welcome.sessionSecret);
      const request = { version: protocolVersion, ticket: granted, proof };
      return { served, entering: served.client.call(attach, request) };
    };
    const release = hold();
    const one = await begin();
    const early = one.served.client.call(stat, { path: path('there') });
    for (let i = 0; i < 10; i++) await turn();
    release();
    await one.entering;
    // A lane has no stat: it is answered as a lane answers, and not as a stranger is.
    await assert.rejects(early, withCode('BAD_STATE'));
    // One that leaves meanwhile becomes nothing.
    const go = hold();
    const two = await begin();
    two.served.client.close();
    two.entering.catch(() => {});
    for (let i = 0; i < 10; i++) await turn();
    go();
    await assert.rejects(two.entering);
    await until(two.served.isOver);
  });

  test('is refused when its session was closed, and BUSY while the other server cannot be asked', async (t) => {
    const { a, b, servers, refuse, rates, slowed } = twoServers(t);
    const session = await sessionOn(a);
    servers.isWhole = false;
    await assert.rejects(laneOn(b, session), withCode('BUSY'));
    servers.isWhole = true;
    servers.has = () => false;
    await assert.rejects(laneOn(b, session), withCode('BUSY'));
    servers.has = () => true;
    rates.up = 1000;
    await laneOn(b, session);
    const id = Buffer.from(session.welcome.sessionId).toString('hex');
    assert.deepEqual(slowed, [[id, { down: undefined, up: 1000 }]]);
    refuse(kicked());
    await assert.rejects(laneOn(b, session), withCode('KICKED'));
    // Alone, a ticket of another server is none.
    const alone = { ...b, askForLane: async () => Promise.reject(invalidTicket()) };
    await assert.rejects(laneOn(alone, session), withCode('TICKET_INVALID'));
  });
});

describe('an order of the owner', () => {
  test('is carried out wherever the session has connections, and is told to have found nobody only by all', async () => {
    const has = new Set<string>();
    const done: string[] = [];
    const runs = (server: string) => (order: Order) => {
      if (!has.has(server)) throw new FerryError(Code.NOT_FOUND, 'that session has gone');
      done.push(`${server} ${order.do}`);
      return show(`anna@${server}`);
    };
    const servers = {
      ids: ['b', 'c', 'silent'],
      ask: async (server: string, _verb: string, body: Uint8Array) => {
        if (server === 'silent') throw new FerryError(Code.BUSY, 'no answer');
        return orderFromAfar(runs(server), body);
      },
    };
    const order: Order = { do: 'kick', session: 'ab' };
    const gone = withCode('NOT_FOUND');
    await assert.rejects(orderEverywhere(runs('a'), servers, order), gone);
    await assert.rejects(orderEverywhere(runs('a'), undefined, order), gone);
    has.add('c');
    assert.equal(await orderEverywhere(runs('a'), servers, order), 'anna@c');
    has.add('a').add('b');
    assert.equal(await orderEverywhere(runs('a'), servers, order), 'anna@a');
    assert.deepEqual(done, ['c kick', 'a kick', 'b kick', 'c kick']);
    for (const body of ['', '{', '{"do":"kick"}', '{"do":"x","session":"ab"}', '[]']) {
      assert.throws(() => orderFromAfar(runs('a'), Buffer.from(body)), withCode('USAGE'));
    }
  });
});

test('a folder of object storage is told of at once, a few times in a row, and then once a second for all that came meanwhile', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  const told: string[] = [];
  const folders = new ToldFolders(
    (key) => told.push(`${key} ${nowMs}`),
    () => nowMs,
  );
  const pass = (ms: number): void => {
    for (let i = 0; i < ms; i += 10) {
      nowMs += 10;
      t.mock.timers.tick(10);
    }
  };
  for (const key of ['a', 'b']) folders.watch(key);
  for (let i = 0; i < 5; i++) folders.hint('a');
  folders.hint('elsewhere');
  assert.deepEqual(told, ['a 0']);
  folders.hint(undefined);
  assert.deepEqual(told, ['a 0', 'b 0'], 'one does not wait for another');
  pass(100);
  assert.deepEqual(told.splice(0), ['a 0', 'b 0', 'a 100']);
  // Somebody who never stops.
  for (let i = 0; i < 1000; i++) {
    folders.hint('a');
    pass(10);
  }
  const times = told.splice(0).map((line) => Number(line.split(' ')[1]));
  assert.ok(times.length >= 12 && times.length <= 16, times.join());
  assert.deepEqual(times.slice(0, 4), [200, 300, 400, 500]);
  for (let i = 8; i < times.length; i++)
    assert.ok((times[i] ?? 0) - (times[i - 1] ?? 0) >= 990, times.join());
  folders.hint('a');
  folders.leave('a');
  pass(5000);
  assert.deepEqual(told, [], 'nobody looks any more');
  folders.hint('b');
  assert.equal(told.length, 1);
  // Who looks again, and after a while, hears at once.
  folders.watch('a');
  for (const key of ['a', 'b']) folders.hint(key);
  pass(10);
  assert.equal(told.length, 2);
});
