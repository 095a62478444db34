/** Rows of large folders: put in order in slices, while keys are answered, pages come and the user wants another order. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkName, type Entry, type Name } from '@ferry/protocol';
import { EntryPage, nameHash, pagesOf } from '@ferry/tui/engine/entry-page';
import { mergeSorted } from '@ferry/tui/engine/merge-sort';
import { compareWith } from '@ferry/tui/state/compare';
import { filterFor, rowFilter } from '@ferry/tui/state/match';
import type { Msg } from '@ferry/tui/state/msg';
import { isAmong } from '@ferry/tui/state/name-table';
import { inOrder, type Ordered, type Ordering } from '@ferry/tui/state/order';
import { mostAtOnce } from '@ferry/tui/state/pane';
import { noRows } from '@ferry/tui/state/rows';
import { type Seeking, seekNow } from '@ferry/tui/state/seeking';
import type { Sort, SortBy } from '@ferry/tui/state/sort';
import { update } from '@ferry/tui/state/update';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder } from '../support/drive.ts';
import { sorted } from '../support/entry-order.ts';

/** Like Driven, but what is put in order aside is so only when the test says. */
class Large {
  state = new Driven().state;
  ordering: Ordering | undefined;
  seeking: Seeking | undefined;

  post(msg: Msg): this {
    const [next, cmds] = update(this.state, msg);
    this.state = next;
    for (const cmd of cmds) {
      if (cmd.kind === 'order') this.ordering = cmd.ordering;
      if (cmd.kind === 'seek') this.seeking = cmd.seeking;
    }
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
    return this.post({ kind: 'ordered', side: 'remote', ordering, ordered: toEnd(ordering).ordered });
  }

  sought(seeking = this.seeking): this {
    assert.ok(seeking !== undefined);
    return this.post({ kind: 'sought', side: 'remote', seeking, found: seekNow(seeking) });
  }

  finish(): this {
    while (this.state.remote.ordering !== undefined) this.order();
    while (this.state.remote.seeking !== undefined) this.sought();
    return this;
  }

  get names(): readonly string[] {
    return this.state.remote.rows.map(({ name }) => name);
  }
}

function toEnd(ordering: Ordering): { ordered: Ordered; slices: number } {
  const work = inOrder(ordering);
  for (let slices = 0; ; slices++) {
    const { done, value } = work.next();
    if (done === true) return { ordered: value, slices };
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

const nameStarts = ['', '.', 'entry-', 'entry-1'];

/** Names that begin alike in many ways, with numbers short, long and with zeros, and ends of all kinds. */
function anyName(random: (below: number) => number, start: string | undefined): string {
  const part = (): string =>
    ['a', 'ab', '.', '!', 'é', '0', '00', `${random(200)}`, `9${'0'.repeat(random(20))}`, ''][random(10)] ??
    '';
  return `${start ?? nameStarts[random(4)]}${part()}${part()}${part()}` || 'x';
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
      const start = nameStarts[random(8)];
      const names = new Set(
        Array.from({ length: 1 + random(200) }, () => anyName(random, start)).filter(
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
      const filter = ['', 'a', '1', '0*', 'É'][random(5)] ?? '';
      const { sorted: base } = toEnd({
        base: noRows,
        pages: before,
        from: 0,
        sort,
        showHidden,
        filter,
      }).ordered;
      const pages = [...before, ...inPages(entries.slice(cut))];
      const told = toEnd({ base, pages, from: before.length, sort, showHidden, filter }).ordered;
      assert.deepEqual([...told.sorted], sorted(seen, sort), `seed ${seed}, round ${round}`);
      const left = seen.filter(({ name }) => filterFor(filter)(name));
      assert.deepEqual([...told.rows], sorted(left, sort), `seed ${seed}, round ${round}, filter ${filter}`);
    }
  });

  test('no slice is long: a hundred thousand rows come in at least as many slices as thousands', () => {
    const pages = pagesOf(shuffled(numbered(100_000)));
    const sort: Sort = { by: 'name', reverse: false, foldersFirst: true };
    assert.ok(toEnd({ base: noRows, pages, from: 0, sort, showHidden: true, filter: '' }).slices >= 600);
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

  test('a filter is found aside, a letter more in what is left; what was shown stays until then, and what changes comes after it', () => {
    const all = shuffled(numbered(mostAtOnce * 3));
    const large = new Large().pages(all).listed().finish().press('/').press('9');
    const nines = large.ordering;
    assert.ok(nines !== undefined && large.names.length === all.length);
    large.press('8');
    large.order(nines);
    assert.equal(large.names.length, all.length, 'what was found for a shorter filter is late');
    large.finish();
    const like = (text: string): string[] =>
      numbered(mostAtOnce * 3).flatMap(({ name }) => (name.includes(text) ? [name] : []));
    assert.deepEqual(large.names, like('98'));
    large.press('1');
    assert.deepEqual(large.names, like('981'), 'few are found at once');
    large.press('backspace').press('backspace').finish();
    assert.deepEqual(large.names, like('9'));
    large.press('down').press('down').press('down');
    const { cursor } = large.state.remote;
    assert.equal(large.state.remote.rows.at(cursor - 1)?.name, 'f984');
    const renamed = file('n984', 984);
    const entries = [file('f00'), file('g9'), renamed];
    const change = { kind: 'changed', entries, gone: [checkName('f9'), checkName('f984')] } as const;
    large.post({ kind: 'watched', side: 'remote', path: large.state.remote.path, pollMs: 0 });
    large.post({ kind: 'change', side: 'remote', path: large.state.remote.path, change });
    assert.deepEqual(large.names, like('9'), 'it is found aside again');
    large.finish();
    const rest = like('9').filter((name) => name !== 'f9' && name !== 'f984');
    assert.deepEqual(large.names, [...rest, 'g9', 'n984']);
    assert.equal(large.state.remote.rows.at(large.state.remote.cursor - 1)?.name, 'n984');
    large.press('escape');
    assert.equal(large.names.length, all.length + 1);
    assert.equal(large.state.remote.ordering, undefined);
  });

  test('a jump finds what is far away, also round the end, and takes no letter that leads nowhere', () => {
    const large = new Large()
      .pages(shuffled(numbered(mostAtOnce * 3)))
      .listed()
      .finish();
    const at = (): string | undefined => large.state.remote.rows.at(large.state.remote.cursor - 1)?.name;
    const jump = (text: string): string | undefined => {
      for (const key of ['C-s', ...text]) large.press(key);
      large.finish();
      return at();
    };
    assert.equal(jump('f59999'), 'f59999');
    assert.equal(large.press('q').finish().state.remote.cursor, mostAtOnce * 3, 'it stays there');
    const { typing } = large.state;
    assert.equal(typing?.line.text, 'f59999', 'and takes no letter that leads nowhere');
    large.press('escape');
    assert.equal(jump('f12345'), 'f12345');
    assert.equal(
      large.press('escape').press('home').press('down') && jump('9998'),
      'f9998',
      'in the middle of it',
    );
  });

  test('marks are those that a set of names would have, whatever is marked, left out and read again, aside or at once', () => {
    const random = randomFrom(seed);
    const all = shuffled(numbered(mostAtOnce + 500)).map((entry, i) => ({ ...entry, size: i % 7 }));
    for (let round = 0; round < runs(4); round++) {
      const some = (): Entry[] => (round % 2 === 0 ? all : all.slice(0, 60)).filter(() => random(9) > 0);
      const large = new Large()
        .pages(some(), 1 + random(1000))
        .listed()
        .finish();
      let marked = new Set<string>();
      for (let step = 0; step < 25; step++) {
        const { names } = large;
        const { cursor } = large.state.remote;
        switch (random(7)) {
          case 0:
            large.press('C-a');
            for (const name of names) marked.add(name);
            break;
          case 1:
            large.press('*');
            for (const name of names) if (!marked.delete(name)) marked.add(name);
            break;
          case 2: {
            large.press('S-end');
            for (const name of names.slice(Math.max(0, cursor - 1))) marked.add(name);
            break;
          }
          case 3: {
            const name = names[cursor - 1];
            large.press('space');
            if (name !== undefined && !marked.delete(name)) marked.add(name);
            break;
          }
          case 4:
            large.press(['home', 'end', 'pagedown', 'up'][random(4)] ?? 'up');
            break;
          case 5:
            large.press('escape').finish();
            if (large.names.length === names.length) marked.clear();
            else large.press('home');
            for (const key of ['/', String(random(10)), 'enter']) large.press(key);
            large.finish();
            break;
          default: {
            const there = some();
            large
              .press('C-r')
              .pages(there, 1 + random(1000))
              .listed()
              .finish();
            const left = new Set<string>(there.map(({ name }) => name));
            marked = new Set([...marked].filter((name) => left.has(name)));
          }
        }
        const { remote } = large.state;
        assert.deepEqual(new Set<string>(remote.marks), marked, `seed ${seed}, round ${round}, step ${step}`);
        assert.equal(remote.marks.size, marked.size);
        const shown = [...remote.rows].filter(({ name }) => marked.has(name));
        assert.equal(remote.markedRows, shown.length);
        assert.equal(
          remote.markedBytes,
          shown.reduce((sum, { size }) => sum + size, 0),
        );
        assert.ok(!remote.marks.has(-1), 'no row is none of them');
      }
    }
  });

  test('what is looked for comes between keys: the last wish counts, rows may come meanwhile, and who went elsewhere stays', () => {
    const large = new Large()
      .pages(shuffled(numbered(mostAtOnce + 50)))
      .listed()
      .finish()
      .press('C-s')
      .press('f');
    const first = large.seeking;
    large.press('9');
    const cursor = (): string | undefined => large.state.remote.rows.at(large.state.remote.cursor - 1)?.name;
    large.sought(first);
    assert.equal(large.state.remote.cursor, 0, 'what was found for a shorter text is late');
    large.post({ kind: 'watched', side: 'remote', path: large.state.remote.path, pollMs: 0 });
    const change = { kind: 'changed', entries: [file('f00')], gone: [checkName('f9')] } as const;
    large.post({ kind: 'change', side: 'remote', path: large.state.remote.path, change });
    large.sought();
    assert.ok(large.seeking !== undefined && large.state.remote.cursor === 0, 'it is looked for again');
    large.finish();
    assert.equal(cursor(), 'f90');
    large.press('9').press('8').press('space');
    assert.deepEqual([...large.state.remote.marks], ['f998'], 'the next key is about what it leads to');
    large.press('escape').press('C-s').press('f').press('5').press('escape').finish();
    assert.equal(cursor(), 'f999', 'Esc stays');
    large.press('C-s').press('f').press('5');
    large.post({ kind: 'mouse', what: 'wheel-down', x: 3, y: 9, sinceMs: 5000 }).finish();
    assert.ok(cursor()?.startsWith('f5'), 'it is wanted still');
    large.press('escape');
    for (const key of ['+', 'backspace', ...'f?;f1*', 'enter']) large.press(key);
    assert.equal(large.state.remote.markedRows, 0);
    large.finish();
    const like = large.names.filter((name) => /^f(?:.|1.*)$/.test(name));
    assert.deepEqual(new Set<string>(large.state.remote.marks), new Set(like));
    for (const key of ['-', 'backspace', ...'f1?', 'enter']) large.press(key);
    large.finish();
    assert.equal(large.state.remote.markedRows, like.filter((name) => name.length !== 3).length);
  });

  test('a key right after marks by a pattern was about the entry under the cursor: the marks are known first', () => {
    const large = new Large()
      .pages(shuffled(numbered(mostAtOnce + 50)))
      .listed()
      .finish();
    for (const pattern of ['f1?', 'f2?'])
      for (const key of ['+', 'backspace', ...pattern, 'enter']) large.press(key);
    large.press('f8');
    const like = large.names.filter((name) => /^f[12].$/.test(name));
    assert.deepEqual(new Set<string>(large.state.remote.marks), new Set(like));
    assert.equal(large.seeking, undefined);
  });

  test('rows are filtered by their bytes as names are by their text', () => {
    const random = randomFrom(seed);
    const some = (from: readonly string[], most: number): string =>
      Array.from({ length: 1 + random(most) }, () => from[random(from.length)]).join('');
    const entries = Array.from({ length: runs(300) }, (_, i) =>
      file(`${i}${some(['a', 'B', 'b', 'é', 'É', '\u212a', '\u0130', '_', '\u{1f600}'], 6)}`),
    );
    for (let round = 0; round < 40; round++) {
      const text = some(['a', 'b', 'B', 'k', 'i', 'é', '1', '*', '_'], 3);
      const isLeft = rowFilter(text);
      const left = pagesOf(entries).flatMap((page) => [...page].filter((_, place) => isLeft(page, place)));
      const names = new Set(left.map(({ name }) => name));
      const wanted = entries.filter(({ name }) => filterFor(text)(name));
      assert.deepEqual(names, new Set(wanted.map(({ name }) => name)), `seed ${seed}: ${text}`);
    }
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
  // These two have the same hash.
  const twins = EntryPage.of([file('liquid'), file('costarring')]);
  assert.deepEqual([twins.indexOf(checkName('costarring')), twins.indexOf(checkName('liquid'))], [0, 1]);
  assert.equal(twins.hashes[0], twins.hashes[1]);
  assert.deepEqual([...EntryPage.of([])], []);
});

/** Behind `x` and one of each pair before it, both of a pair lead to the same hash. */
const pairs = ['wgqqm yowg7', 'i95w6 8s8tu', '93vwj gtecj', 'sk7f1 vrjag', 't8i2a lfrbp'];

/** 2 ** 5 names that have the same hash. */
function namesOfOneHash(): Name[] {
  return pairs.reduce(
    (all, pair) => all.flatMap((name) => pair.split(' ').map((end) => checkName(`${name}${end}`))),
    [checkName('x')],
  );
}

test('names that were made to have one hash are told apart all the same', () => {
  const all = namesOfOneHash();
  assert.equal(new Set(all.map(nameHash)).size, 1);
  const [here, there] = [all.filter((_, i) => i % 3 > 0), all.filter((_, i) => i % 3 < 2)];
  const pages = pagesOf(here.map((name) => file(name)));
  const isThere = isAmong(new Set(there));
  const found = pages.flatMap((page) => [...page].filter((_, place) => isThere(page, place)));
  const both = here.filter((name) => there.includes(name)).toSorted();
  assert.deepEqual(found.map(({ name }) => name).toSorted(), both);
  const compared = compareWith(pages, pagesOf(there.map((name) => file(name))));
  assert.deepEqual(here.filter((name) => compared.get(name) === 'same').toSorted(), both);
  assert.deepEqual(
    here.map((name) => pages[0]!.nameAt(pages[0]!.indexOf(name))),
    here,
  );
});

test('what is sorted by numbers keeps the order in which it came where they are equal', () => {
  const random = randomFrom(seed);
  for (let round = 0; round < runs(20); round++) {
    const keys = Array.from({ length: random(100) }, () => random(4));
    const ids = mergeSorted(Uint32Array.from(keys.keys()), (a, b) => keys[a]! - keys[b]!);
    const wanted = [...keys.keys()].toSorted((a, b) => keys[a]! - keys[b]!);
    assert.deepEqual([...ids], wanted, `seed ${seed}, round ${round}`);
  }
});
