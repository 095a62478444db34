/** The bus between the threads of a process: its contract; and who is here, which is told over it. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Activity, ServerEvent } from '@ferry/protocol/messages';
import type { Principal } from '../../packages/server/src/access/principal.ts';
import type { Rights } from '../../packages/server/src/access/rights.ts';
import { type Here, People } from '../../packages/server/src/presence/people.ts';
import { SessionPresence } from '../../packages/server/src/presence/session-presence.ts';
import { busSuite } from '../suites/bus.suite.ts';
import { withCode } from '../support/code.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { path } from '../support/scratch.ts';
import { threadNet } from '../support/thread-bus.ts';

busSuite('threads', threadNet);

test('who left and listened again at once heard what was said before, and could miss what came in between', async (t) => {
  const net = threadNet();
  t.after(net.done);
  const [a, b] = [await net.join(), await net.join()];
  const heard: string[] = [];
  const listener = {
    onMessage: (body: Uint8Array) => void heard.push(String.fromCharCode(...body)),
    onGap() {},
  };
  const first = b.subscribe('again', listener);
  await first.ready;
  // On its way to those who leave now; the second comes while nobody is there.
  a.publish('again', Buffer.from('1'));
  first.leave();
  a.publish('again', Buffer.from('2'));
  const second = b.subscribe('again', listener);
  await second.ready;
  a.publish('again', Buffer.from('3'));
  await until(() => heard.includes('3'));
  assert.deepEqual(heard, ['3']);
});

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}

let nextId = 0;
function here(user: string, root = '', activity?: Activity): Here {
  const id = String(nextId++).padStart(8, '0');
  return { id, user, client: 'test 1', sinceMs: nextId, root: path(root), activity };
}

const users = (people: People, root = ''): string =>
  people
    .at(path(root))
    .map(({ user }) => user)
    .join(' ');

function session(
  people: People,
  user: string,
  opts: { root?: string; rights?: () => Rights; share?: boolean } = {},
) {
  const { root = '', rights = () => ({ role: 'reader', rules: [] }) as Rights, share = false } = opts;
  const events: ServerEvent[] = [];
  let held: PromiseWithResolvers<void> | undefined;
  const account = share ? ({ share: {} } as Principal['account']) : undefined;
  const presence = new SessionPresence({
    people,
    principal: { user, account, rights: rights(), root: path(root), kicks: 0 },
    client: 'test 1'.repeat(100),
    nowMs: nextId++,
    rights,
    send: (event) => events.push(event),
    writable: () => held === undefined,
    drained: () => held?.promise ?? Promise.resolve(),
  });
  const hold = (): (() => void) => {
    held = Promise.withResolvers<void>();
    return () => {
      held?.resolve();
      held = undefined;
    };
  };
  return {
    presence,
    events,
    hold,
    who: () =>
      presence
        .who()
        .map((one) => one.user)
        .join(' '),
  };
}

describe('presence', () => {
  test('who is on any thread is known on all, those of other roots apart; who leaves or dies is not', async (t) => {
    const net = threadNet();
    t.after(net.done);
    const buses = [await net.join(), await net.join()];
    const [one, two] = buses.map((bus) => new People(bus));
    assert.ok(one !== undefined && two !== undefined);
    const anna = one.enter();
    anna.is(here('anna'));
    two.enter().is(here('bob'));
    two.enter().is(here('eve', 'elsewhere'));
    await until(
      () => users(one) === 'anna bob' && users(two) === 'anna bob' && users(one, 'elsewhere') === 'eve',
    );
    // A thread that begins later asks.
    const late = await net.join();
    const three = new People(late);
    await until(() => users(three) === 'anna bob');
    anna.leave();
    anna.leave();
    await until(() => users(two) === 'bob' && users(three) === 'bob');
    net.kill(buses[1] as (typeof buses)[number]);
    await until(() => users(one) === '' && users(three) === '');
  });

  test(`sessions that come, change and go on three threads: all know the same in the end, also after gaps (FERRY_SEED=${seed})`, async (t) => {
    const net = threadNet();
    t.after(net.done);
    const random = randomFrom(seed);
    const buses = [await net.join(), await net.join(), await net.join()];
    const threads = buses.map((bus) => new People(bus));
    const there = new Map<{ is: (one: Here | undefined) => void }, Here>();
    for (let step = 0; step < runs(300); step++) {
      const [first] = there.keys();
      const what = random(8);
      // A soak is longer, not fuller: each gap makes all of them be told again.
      if (what < 4 && there.size < 100) {
        const entered = (threads[random(3)] as People).enter();
        const one = here(`u${step}`);
        entered.is(one);
        there.set(entered, one);
      } else if (what < 6 && first !== undefined) {
        first.is(undefined);
        there.delete(first);
      } else if (what === 6 && first !== undefined) {
        const changed = { ...(there.get(first) as Here), user: `u${step}` };
        first.is(changed);
        there.set(first, changed);
      } else await turn();
      if (step % 100 === 50) {
        const { release } = net.hold(buses[random(3)] as (typeof buses)[number]);
        // More than it can be told: what it misses it has to ask for.
        for (let i = 0; i < 300; i++) {
          buses[random(3)]?.publish('presence', Buffer.from([0x91, 0x09]));
          if (i % 20 === 0) await turn();
        }
        release();
      }
    }
    const wanted = [...there.values()]
      .toSorted((a, b) => a.sinceMs - b.sinceMs)
      .map(({ user }) => user)
      .join(' ');
    await until(() => threads.every((people) => users(people) === wanted));
  });

  test('drop boxes and shares neither see nor are seen; what one shows only where the other may look', async (t) => {
    const net = threadNet();
    t.after(net.done);
    const people = new People(await net.join());
    let rights: Rights = { role: 'reader', rules: [{ path: path('hidden'), rights: new Set() }] };
    const anna = session(people, 'anna');
    const bob = session(people, 'bob', { rights: () => rights });
    const uploader = session(people, 'carla', { rights: () => ({ role: 'uploader', rules: [] }) });
    const share = session(people, 'share', { share: true });
    assert.deepEqual([anna.who(), bob.who()], ['anna bob', 'anna bob']);
    for (const one of [uploader, share]) assert.throws(() => one.who(), withCode('FORBIDDEN'));
    assert.ok(
      anna.presence.who().every(({ client, activity }) => client.length <= 64 && activity === undefined),
    );
    assert.deepEqual(
      anna.presence.who().map(({ isSelf }) => isSelf),
      [true, false],
    );
    const moving = [
      { way: 0, path: path('hidden/x') },
      { way: 1, path: path('shown/y') },
    ] as const;
    anna.presence.shows({ folder: path('hidden'), moving, movingCount: 2 });
    const shown = { folder: undefined, moving: [moving[1]], movingCount: 2 };
    assert.deepEqual(bob.presence.who()[0]?.activity, shown);
    assert.deepEqual(anna.presence.who()[0]?.activity?.folder, path('hidden'));
    anna.presence.shows(undefined);
    assert.equal(bob.presence.who()[0]?.activity, undefined);
    rights = { role: 'uploader', rules: [] };
    bob.presence.rightsChanged();
    assert.equal(anna.who(), 'anna');
    rights = { role: 'reader', rules: [] };
    bob.presence.rightsChanged();
    assert.equal(anna.who(), 'anna bob');
  });

  test('who has asked is told of changes, and one that takes nothing once, of the last', async (t) => {
    const net = threadNet();
    t.after(net.done);
    const people = new People(await net.join());
    const [anna, bob, quiet] = [session(people, 'anna'), session(people, 'bob'), session(people, 'quiet')];
    for (const one of [anna, bob]) one.who();
    const last = ({ events }: typeof anna): unknown => events.at(-1);
    await until(() => anna.events.length > 0 && bob.events.length > 0);
    const release = bob.hold();
    const before = bob.events.length;
    const more = [session(people, 'x'), session(people, 'y')];
    await until(() => (last(anna) as { here?: number }).here === 5);
    more[0]?.presence.end();
    await until(() => (last(anna) as { here?: number }).here === 4);
    release();
    await until(() => bob.events.length > before);
    assert.deepEqual(bob.events.slice(before), [{ kind: 'presence', here: 4 }]);
    assert.deepEqual(quiet.events, [], 'who never asked hears nothing');
  });
});
