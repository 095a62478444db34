/** The contract of the bus as tests; see packages/server/src/bus/bus.ts. An implementation's test hands over a way to join members. */

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { limits } from '@ferry/protocol';
import type { Bus, Subscription } from '@ferry/server/bus/bus';
import { randomFrom, runs, seed } from '../support/random.ts';

export type BusNet = {
  readonly join: () => Promise<Bus>;
  /** The member dies without a word. */
  readonly kill: (bus: Bus) => void;
  /** The member's thread or machine takes nothing until it is released. `bytes`: what has piled up for it. */
  readonly hold: (bus: Bus) => { readonly bytes: () => number; readonly release: () => void };
  readonly done: () => void;
};

type Ear = Subscription & { readonly heard: string[] };

const text = (words: string): Uint8Array => Buffer.from(words);

/** What comes, in order; a gap is `(gap)`. */
function listen(bus: Bus, subject: string): Ear {
  const heard: string[] = [];
  const subscription = bus.subscribe(subject, {
    onMessage: (body, from) => heard.push(`${from}: ${Buffer.from(body).toString()}`),
    onGap: () => heard.push('(gap)'),
  });
  return { ...subscription, heard };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}

export function busSuite(name: string, make: () => BusNet): void {
  describe(`bus: ${name}`, () => {
    const net = make();
    after(() => net.done());

    /** Waits until all that was published before has reached everybody: each member says so to each. */
    let rounds = 0;
    async function settle(...members: readonly Bus[]): Promise<void> {
      const subject = `settled.${rounds++}`;
      const ears = members.map((bus) => listen(bus, subject));
      await Promise.all(ears.map((ear) => ear.ready));
      for (const bus of members) bus.publish(subject, text('here'));
      await until(() =>
        ears.every((ear) => ear.heard.length >= members.length || ear.heard.includes('(gap)')),
      );
      for (const ear of ears) ear.leave();
    }

    test('a message reaches each subscription of its subject once, the publisher’s own too, and no other', async () => {
      const [a, b, c] = [await net.join(), await net.join(), await net.join()];
      const ears = [listen(a, 'x.1'), listen(b, 'x.1'), listen(b, 'x.1'), listen(c, 'x.2')];
      await Promise.all(ears.map((ear) => ear.ready));
      a.publish('x.1', text('one'));
      assert.deepEqual(ears[0]?.heard, [], 'never within publish');
      a.publish('x.1', text('two'));
      c.publish('x.2', text('three'));
      await settle(a, b, c);
      const both = [`${a.member}: one`, `${a.member}: two`];
      assert.deepEqual(
        ears.map((ear) => ear.heard),
        [both, both, both, [`${c.member}: three`]],
      );
    });

    test('what was left hears nothing any more, also of what is under way', async () => {
      const [a, b] = [await net.join(), await net.join()];
      const [left, stays] = [listen(b, 'left'), listen(b, 'left')];
      await left.ready;
      a.publish('left', text('one'));
      left.leave();
      left.leave();
      await settle(a, b);
      assert.deepEqual([left.heard, stays.heard], [[], [`${a.member}: one`]]);
      stays.leave();
      const again = listen(b, 'left');
      await again.ready;
      a.publish('left', text('two'));
      await settle(a, b);
      assert.deepEqual([stays.heard.length, again.heard], [1, [`${a.member}: two`]]);
    });

    test('a listener that is given twice hears twice, and one that is left while others hear hears nothing', async () => {
      const a = await net.join();
      const heard: string[] = [];
      const twice = {
        onMessage: () => {
          heard.push('both');
          other.leave();
        },
        onGap: () => {},
      };
      const ears = [a.subscribe('twice', twice), a.subscribe('twice', twice)];
      const other = a.subscribe('twice', { onMessage: () => heard.push('other'), onGap: () => {} });
      await Promise.all(ears.map((ear) => ear.ready));
      a.publish('twice', text('x'));
      await settle(a);
      assert.deepEqual(heard, ['both', 'both']);
    });

    test('a body is the caller’s again after publish', async () => {
      const a = await net.join();
      const ear = listen(a, 'body');
      await ear.ready;
      const body = Buffer.from('as it was');
      a.publish('body', body);
      body.fill(0);
      await settle(a);
      assert.deepEqual(ear.heard, [`${a.member}: as it was`]);
    });

    test('for whoever takes nothing little piles up; it hears of the gap, and then what comes', async () => {
      const [a, slow, quick] = [await net.join(), await net.join(), await net.join()];
      const ears = [listen(slow, 'boil'), listen(quick, 'boil')];
      const other = listen(slow, 'calm');
      await Promise.all([...ears, other].map((ear) => ear.ready));
      const held = net.hold(slow);
      const body = Buffer.alloc(60 * 1024, '.');
      const messages = 100;
      for (let i = 0; i < messages; i++) {
        body.write(String(i).padStart(4, '0'));
        a.publish('boil', body);
        await until(() => ears[1]?.heard.length === i + 1);
      }
      await settle(a, quick);
      assert.equal(ears[1]?.heard.length, messages, 'others are not held up');
      const most = limits.busWindowBytes + limits.busMessageBytes;
      assert.ok(held.bytes() <= most, `${held.bytes()} bytes piled up`);
      held.release();
      await settle(a, slow);
      a.publish('boil', text('after'));
      await settle(a, slow);
      const heard = ears[0]?.heard ?? [];
      assert.equal(heard.filter((one) => one === '(gap)').length, 1);
      assert.deepEqual(heard.slice(-2), ['(gap)', `${a.member}: after`]);
      const numbers = heard.slice(0, -2).map((one) => Number(one.slice(`${a.member}: `.length).slice(0, 4)));
      assert.deepEqual(numbers, [...numbers.keys()], 'what came before the gap is whole');
      assert.deepEqual(other.heard, [], 'who lost nothing hears of no gap');
    });

    test('who publishes more than the bus takes makes a gap, and fills no memory', async () => {
      const [a, b] = [await net.join(), await net.join()];
      const ear = listen(b, 'burst');
      await ear.ready;
      // All in one turn: nothing can be taken in between.
      for (let i = 0; i < 10 * limits.busWindowMessages; i++) a.publish('burst', text(String(i)));
      await until(() => ear.heard.includes('(gap)'));
      await settle(a, b);
      a.publish('burst', text('after'));
      await settle(a, b);
      assert.equal(ear.heard.at(-1), `${a.member}: after`);
      const numbers = ear.heard.filter((one) => one !== '(gap)').slice(0, -1);
      assert.ok(numbers.length <= 2 * limits.busWindowMessages, `${numbers.length} of one burst`);
      assert.deepEqual(
        numbers,
        [...numbers.keys()].map((i) => `${a.member}: ${i}`),
      );
    });

    test('of a member that dies or closes the others hear once, after all that it said', async () => {
      const [a, dies, closes] = [await net.join(), await net.join(), await net.join()];
      const ear = listen(a, 'last');
      await ear.ready;
      const gone: string[] = [];
      const stop = a.onGone((member) => gone.push(`${member} after ${ear.heard.length}`));
      closes.publish('last', text('words'));
      closes.close();
      closes.close();
      await until(() => gone.length === 1);
      assert.deepEqual(gone, [`${closes.member} after 1`]);
      assert.throws(() => closes.publish('last', text('more')));
      net.kill(dies);
      net.kill(dies);
      await until(() => gone.length === 2);
      assert.deepEqual(gone[1], `${dies.member} after 1`);
      stop();
      const later = await net.join();
      assert.ok(
        later.member !== dies.member && later.member !== closes.member,
        'a name is never given twice',
      );
      later.close();
      await settle(a);
      assert.equal(gone.length, 2);
    });

    test('what is too long or wrongly named is a bug of the caller’s', async () => {
      const a = await net.join();
      const tooLong = 'a'.repeat(limits.busSubjectBytes + 1);
      for (const subject of ['', '.', 'a.', 'A', 'a b', 'a.*', '>', 'ä', tooLong]) {
        assert.throws(() => a.publish(subject, text('')), RangeError);
        assert.throws(() => listen(a, subject), RangeError);
      }
      assert.throws(() => a.publish('a', Buffer.alloc(limits.busMessageBytes + 1)), RangeError);
      a.publish('a', Buffer.alloc(limits.busMessageBytes));
    });

    test(`members that come and go, listen and speak miss nothing without a gap (FERRY_SEED=${seed})`, async () => {
      const random = randomFrom(seed);
      let checked = 0;
      // A soak has more walks, no longer ones: each listener keeps all that it hears.
      for (let left = runs(600); left > 0; left -= 600) checked += await walk(random, Math.min(600, left));
      // A short walk may have no piece that nobody missed.
      if (process.env['FERRY_BRIEF'] !== '1') assert.ok(checked > 0);
    });

    /** Gives how many messages were awaited where they were. */
    async function walk(random: (below: number) => number, steps: number): Promise<number> {
      const pick = <T>(from: readonly T[]): T => from[random(from.length)] as T;
      const subjects = ['r.a', 'r.b', 'r.c'];
      const members: Bus[] = [await net.join(), await net.join(), await net.join()];
      /** `since`: how many each had said of the subject when it was ready; undefined: not yet. */
      type Kept = {
        ear: Ear;
        bus: Bus;
        subject: string;
        since?: ReadonlyMap<string, number>;
        till?: ReadonlyMap<string, number>;
      };
      const ears: Kept[] = [];
      const said = new Map<string, number>();
      const key = (bus: { member: string }, subject: string): string => `${bus.member} ${subject}`;
      for (let step = 0; step < steps; step++) {
        const bus = pick(members);
        const subject = pick(subjects);
        const what = random(10);
        if (what < 6) {
          const n = said.get(key(bus, subject)) ?? 0;
          said.set(key(bus, subject), n + 1);
          bus.publish(subject, text(String(n)));
        } else if (what < 7) {
          const kept: Kept = { ear: listen(bus, subject), bus, subject };
          ears.push(kept);
          void kept.ear.ready.then(() => {
            kept.since = new Map(said);
          });
        } else if (what < 8 && ears.length > 0) {
          const kept = pick(ears);
          kept.till ??= new Map(said);
          kept.ear.leave();
        } else if (what < 9 && members.length < 6) members.push(await net.join());
        else await turn();
        // Else a busy machine would drop messages, as it may.
        if (step % 50 === 0) await settle(...members);
      }
      await settle(...members);
      let checked = 0;
      for (const { ear, subject, since, till } of ears) {
        assert.ok(!ear.heard.includes('(gap)'), 'nobody was slow');
        for (const member of members) {
          const prefix = `${member.member}: `;
          const numbers = ear.heard
            .filter((one) => one.startsWith(prefix))
            .map((one) => Number(one.slice(prefix.length)));
          const first = numbers[0] ?? 0;
          assert.deepEqual(
            numbers,
            [...numbers.keys()].map((i) => first + i),
            'each once, in order',
          );
          if (since === undefined || till !== undefined) continue;
          const from = since.get(key(member, subject)) ?? 0;
          const to = said.get(key(member, subject)) ?? 0;
          assert.ok(
            from === to || (first <= from && first + numbers.length === to),
            'nothing was missed since ready',
          );
          checked += to - from;
        }
      }
      for (const bus of members) bus.close();
      return checked;
    }
  });
}
