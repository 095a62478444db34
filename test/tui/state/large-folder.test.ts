/** Rows of large folders: put in order in slices, while keys are answered, pages come and the user wants another order. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkName, type Entry } from '@ferry/protocol';
import { EntryPage, pagesOf } from '@ferry/tui/engine/entry-page';
import type { Cmd } from '@ferry/tui/state/cmd';
import type { Msg } from '@ferry/tui/state/msg';
import { inOrder, type Ordering } from '@ferry/tui/state/order';
import { mostAtOnce } from '@ferry/tui/state/pane';
import { noRows, type Rows } from '@ferry/tui/state/rows';
import type { Sort, SortBy } from '@ferry/tui/state/sort';
import { update } from '@ferry/tui/state/update';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder } from '../support/drive.ts';
import { sorted } from '../support/entry-order.ts';

/** Like Driven, but what is put in order aside is so only when the test says. */
class Large {
  state = new Driven().state;
  ordering: Ordering | undefined;

  post(msg: Msg): this {
    const [next, cmds] = update(this.state, msg);
    this.state = next;
    for (const cmd of cmds.filter((one): one is Cmd & { kind: 'order' } => one.kind === 'order'))
      this.ordering = cmd.ordering;
    return this;
  }

  press(key: string): this {
    return this.post({ kind: 'key', key, text: key.length === 1 ? key : undefined, sinceMs: 5000 });
  }

  pages(entries: readonly Entry[], size = 1000): this {
    const { request } = this.state.remote;
    for (let at = 0; at < entries.length; at += size)
      this.post({ kind: 'page', side: 'remote', request, entries: entries.slice(at, at + size) });
    return this;
  }

  listed(): this {
    return this.post({ kind: 'listed', side: 'remote', request: this.state.remote.request });
  }

  /** What was wanted last, whether it is wanted still. */
  order(ordering = this.ordering): this {
    assert.ok(ordering !== undefined);
    return this.post({ kind: 'ordered', side: 'remote', ordering, rows: toEnd(ordering).rows });
  }

  finish(): this {
    while (this.state.remote.ordering !== undefined) this.order();
    return this;
  }

  get names(): readonly string[] {
    return this.state.remote.rows.map(({ name }) => name);
  }
}

function toEnd(ordering: Ordering): { rows: Rows; slices: number } {
  const work = inOrder(ordering);
  for (let slices = 0; ; slices++) {
    const { done, value } = work.next();
    if (done === true) return { rows: value, slices };
  }
}

function shuffled<T>(list: readonly T[]): T[] {
  const random = randomFrom(seed);
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random(i + 1);
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

/** Names that begin alike in many ways, with numbers short, long and with zeros, and ends of all kinds. */
function anyName(random: (below: number) => number): string {
  const part = (): string =>
    ['a', 'ab', '.', '!', 'é', '0', '00', `${random(200)}`, `9${'0'.repeat(random(20))}`, ''][random(10)] ??
    '';
  return `${['', '.', 'entry-', 'entry-1'][random(4)]}${part()}${part()}${part()}` || 'x';
}

const numbered = (count: number): Entry[] => Array.from({ length: count }, (_, i) => file(`f${i}`, i));

describe('a large folder', () => {
  test('in slices the order is the one that sorting at once gives, whatever pages, base and order', () => {
    const random = randomFrom(seed);
    const keys: readonly SortBy[] = ['name', 'bytes', 'extension', 'size', 'modified', 'permissions'];
    for (let round = 0; round < runs(30); round++) {
      const sort: Sort = {
        by: keys[random(keys.length)] ?? 'name',
        reverse: random(2) === 0,
        foldersFirst: random(2) === 0,
      };
      const names = new Set(
        Array.from({ length: 1 + random(200) }, () => anyName(random)).filter(
          (one) => !/^[.]{1,2}$/.test(one),
        ),
      );
      const entries = [...names].map((name) => (random(4) === 0 ? folder(name) : file(name, random(5))));
      const showHidden = random(2) === 0;
      const seen = entries.filter(({ name }) => showHidden || !name.startsWith('.'));
      const cut = random(entries.length + 1);
      const inPages = (some: readonly Entry[]): EntryPage[] => {
        const pages: EntryPage[] = [];
        for (let at = 0, more = 0; at < some.length; at += more) {
          more = 1 + random(40);
          pages.push(EntryPage.of(some.slice(at, at + more)));
        }
        return pages;
      };
      const before = inPages(entries.slice(0, cut));
      const { rows: base } = toEnd({ base: noRows, pages: before, from: 0, sort, showHidden });
      const pages = [...before, ...inPages(entries.slice(cut))];
      const { rows } = toEnd({ base, pages, from: before.length, sort, showHidden });
      assert.deepEqual([...rows], sorted(seen, sort), `seed ${seed}, round ${round}`);
    }
  });

  test('no slice is long: a hundred thousand rows come in at least as many slices as thousands', () => {
    const pages = pagesOf(shuffled(numbered(100_000)));
    const sort: Sort = { by: 'name', reverse: false, foldersFirst: true };
    assert.ok(toEnd({ base: noRows, pages, from: 0, sort, showHidden: true }).slices >= 600);
  });

  test('rows grow while it is read, are never out of order, and are whole in the end', () => {
    const all = shuffled(numbered(200_000));
    const large = new Large();
    const seen: number[] = [];
    for (let at = 0; at < all.length; at += 10_000) {
      large.pages(all.slice(at, at + 10_000));
      if (large.state.remote.ordering !== undefined && at % 30_000 === 0) large.order();
      seen.push(large.state.remote.rows.length);
    }
    large.listed();
    assert.ok(large.state.remote.ordering !== undefined, 'the rest is being put in order');
    large.finish();
    assert.deepEqual(
      large.names,
      numbered(200_000).map(({ name }) => name),
    );
    assert.ok(
      seen.every((count, i) => count >= (seen[i - 1] ?? 0)) && new Set(seen).size > 3,
      seen.join(' '),
    );
  });

  test('the cursor stays on its entry, marks stay, and another order replaces the one that is made', () => {
    const all = shuffled(numbered(mostAtOnce * 2));
    const large = new Large().pages(all).listed().finish();
    for (let i = 0; i < 5; i++) large.press('down');
    large.press('space').press('up');
    const at = large.state.remote.rows.at(large.state.remote.cursor - 1);
    large.press('s').press('s');
    const bySize = large.ordering;
    assert.ok(bySize !== undefined && large.names[0] === 'f0', 'rows stay until they are in order');
    large.press('s').press('r');
    assert.notEqual(large.ordering, bySize);
    large.order(bySize);
    assert.equal(large.names[0], 'f0', 'what was made for an order that nobody wants any more is late');
    large.finish();
    assert.equal(large.names[0], 'f0');
    assert.equal(large.names.at(-1), `f${mostAtOnce * 2 - 1}`);
    assert.deepEqual(large.state.remote.rows.at(large.state.remote.cursor - 1), at);
    assert.deepEqual([...large.state.remote.marks], [at?.name]);
  });

  test('who goes elsewhere has nothing put in order; a refresh keeps the rows until the new ones are', () => {
    const all = numbered(mostAtOnce + 2);
    const large = new Large().pages([folder('sub'), ...all]).listed();
    assert.notEqual(large.ordering, undefined);
    large.press('left');
    assert.equal(large.ordering, undefined);
    const again = new Large().pages(all).listed().finish().press('C-r');
    const [, ...rest] = all;
    again.pages(rest).listed();
    assert.equal(again.names.length, all.length);
    again.finish();
    assert.equal(again.names.length, rest.length);
  });
});

test('a page comes through its arrays as it was', () => {
  const random = randomFrom(seed);
  const entries = Array.from({ length: 500 }, (_, i): Entry => {
    const bytes = Array.from({ length: 1 + random(30) }, () => 1 + random(255)).filter((byte) => byte !== 47);
    return {
      name: checkName(`${i}${String.fromCharCode(...bytes)}`),
      kind: random(4) as Entry['kind'],
      size: random(2 ** 31) * 2 ** random(22),
      modified: { s: random(2 ** 31) - 2_000_000_000, ns: random(1e9) },
      mode: random(0o10000),
    };
  });
  const { length: count, prefix, buffer } = EntryPage.of(entries);
  const page = new EntryPage(structuredClone({ count, prefix, buffer }, { transfer: [buffer] }));
  assert.deepEqual([...page], sorted(entries, { by: 'name', reverse: false, foldersFirst: false }));
  for (const { name } of entries) assert.equal(page.at(page.indexOf(name)).name, name);
  assert.equal(page.indexOf(checkName('no such name')), -1);
  assert.deepEqual([...EntryPage.of([])], []);
});
