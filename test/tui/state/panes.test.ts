/** What panes do beyond walking: order, filter, jump, marks, history, places, both sides together, by value. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  Code,
  checkName,
  type Entry,
  FerryError,
  type Path,
  pathFromText,
  toWireError,
} from '@ferry/protocol';
import { type EntryPage, pagesOf } from '@ferry/tui/engine/entry-page';
import { compareNatural } from '@ferry/tui/engine/name-order';
import { compareWith } from '@ferry/tui/state/compare';
import { layout, usualArrangement } from '@ferry/tui/state/layout';
import { filterFor, patternFor } from '@ferry/tui/state/match';
import { inOrderNow } from '@ferry/tui/state/order';
import { nothingRemembered, rememberedFrom, withRecent } from '@ferry/tui/state/remembered';
import { noRows } from '@ferry/tui/state/rows';
import { type Sort, usualSort } from '@ferry/tui/state/sort';
import { pathTyped } from '@ferry/tui/state/update-places';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder } from '../support/drive.ts';

const names = (text: string): string[] => text.split(' ');
const marks = (driven: Driven, side: 'remote' | 'local' = 'remote'): string[] => [
  ...driven.state[side].marks,
];
const type = (driven: Driven, text: string): Driven =>
  driven.press(...[...text].map((char) => (char === ' ' ? 'space' : char)));
const notice = (driven: Driven): string | undefined => driven.state.notice?.text;

function inOrder(entries: readonly Entry[], sort: Sort): readonly string[] {
  const ordering = { base: noRows, pages: pagesOf(entries), from: 0, sort, showHidden: true, filter: '' };
  return inOrderNow(ordering).rows.map(({ name }) => name);
}

function compareNames(a: string, b: string): number {
  return compareNatural(Buffer.from(a), 0, a.length, Buffer.from(b), 0, b.length);
}

describe('order', () => {
  test('numbers in names count: file2 before file10, leading zeros decide only between equal ones', () => {
    const list = names('file10 file9 file1 file02 file2 a100b2 a100b10 file a99 file1a').map((name) =>
      file(name),
    );
    assert.deepEqual(
      inOrder(list, usualSort),
      names('a99 a100b2 a100b10 file file1 file1a file02 file2 file9 file10'),
    );
    assert.deepEqual(inOrder(list, { ...usualSort, by: 'bytes' }), list.map(({ name }) => name).toSorted());
  });

  test('a number that names begin with alike is compared whole', () => {
    const list = names('x12 x1a x1 x1.b').map((name) => file(name));
    assert.deepEqual(inOrder(list, usualSort), names('x1 x1.b x1a x12'));
  });

  test('the natural order is one: whatever three names, it goes round in no circle', () => {
    const random = randomFrom(seed);
    const name = (): string => Array.from({ length: random(5) }, () => '0012ab.'[random(7)]).join('');
    for (let i = 0; i < runs(20_000); i++) {
      const [a, b, c] = [name(), name(), name()];
      const say = `${seed}: ${a} ${b} ${c}`;
      assert.equal(Math.sign(compareNames(a, b)), -Math.sign(compareNames(b, a)) + 0, say);
      assert.equal(compareNames(a, b) === 0, a === b, say);
      if (compareNames(a, b) <= 0 && compareNames(b, c) <= 0) assert.ok(compareNames(a, c) <= 0, say);
    }
  });

  test('by extension, by permissions, reversed, folders among the others', () => {
    const driven = new Driven().list(
      'remote',
      file('b.txt'),
      file('a.zip'),
      folder('m'),
      file('c.txt'),
      file('.rc'),
    );
    assert.deepEqual(driven.press('s', 'e').names(), names('m b.txt c.txt a.zip'));
    assert.deepEqual(driven.press('s', 'r').names(), names('m a.zip b.txt c.txt'));
    assert.deepEqual(driven.press('s', 'n', 's', 'f').names(), names('a.zip b.txt c.txt m'));
    const modes = [
      { ...file('x'), mode: 0o600 },
      { ...file('y'), mode: 0o400 },
    ];
    const other = new Driven().list('remote', ...modes);
    assert.deepEqual(other.press('s', 'p').names(), names('y x'));
  });
});

describe('filter and jump', () => {
  const listing = names('alpha beta Gamma delta file2 file10').map((name) => file(name));

  test('/ narrows with every letter, Enter keeps it, Esc shows everything again', () => {
    const driven = new Driven().list('remote', ...listing);
    type(driven.press('/'), 'ta');
    assert.deepEqual([driven.names(), driven.at()], [names('beta delta'), 'beta']);
    type(driven, 'x');
    assert.deepEqual(driven.names(), []);
    driven.press('backspace', 'down', 'enter');
    assert.deepEqual([driven.at(), driven.state.typing], ['delta', undefined]);
    // It outlives a refresh, and goes with the folder.
    driven.press('C-r').list('remote', ...listing, file('zeta'));
    assert.deepEqual([driven.names(), driven.at()], [names('beta delta zeta'), 'delta']);
    assert.deepEqual([driven.press('escape').names().length, driven.at()], [7, 'delta']);
    type(driven.press('/'), 'file?');
    assert.deepEqual(driven.names(), ['file2']);
    assert.equal(driven.press('escape').names().length, 7);
    type(driven.press('/'), 'ga').press('enter', 'left').list('remote', folder('share'));
    assert.deepEqual(driven.state.remote.filter, '');
  });

  test('large letters are told apart only where one is typed, and what is no ASCII is text', () => {
    const is = (pattern: string, name: string): boolean => filterFor(pattern)(file(name).name);
    assert.deepEqual([is('ga', 'Gamma'), is('Ga', 'Gamma'), is('GA', 'Gamma')], [true, true, false]);
    assert.deepEqual([is('é', 'CAFÉ'), is('船', '海と船')], [true, true]);
    assert.ok(filterFor('bad')(checkName('bad\xff')));
  });

  test('patterns: * and ? and several; many stars take no longer for it', () => {
    const like = (pattern: string, name: string): boolean => patternFor(pattern)(file(name).name);
    assert.ok(like('*.jpg;*.png', 'a.png') && like('*.jpg; *.png', 'A.JPG') && !like('*.jpg', 'a.jpg.txt'));
    assert.ok(
      like('a?c*', 'abcdef') && !like('a?c', 'ac') && like('*', 'x') && !like('', 'x') && like('?', '🚢'),
    );
    assert.ok(!like(`${'*a'.repeat(40)}b`, 'a'.repeat(250)));
  });

  test('Ctrl+S leads to names that begin so, again to the next, and any other key goes on', () => {
    const driven = new Driven().list('remote', ...listing);
    type(driven.press('C-s'), 'fi');
    assert.equal(driven.at(), 'file2');
    assert.equal(driven.press('C-s').at(), 'file10');
    assert.equal(driven.press('C-s').at(), 'file2');
    type(driven, 'q');
    assert.deepEqual([driven.at(), driven.state.dialog], ['file2', undefined]);
    driven.press('up');
    assert.deepEqual([driven.state.typing, driven.at()], [undefined, 'delta']);
  });
});

describe('marks', () => {
  const listing = names('a1 a2 b1 b2 c').map((name) => file(name));

  test('Shift and arrows mark what they walk over', () => {
    const driven = new Driven().list('remote', ...listing).press('down', 'S-down', 'S-down');
    assert.deepEqual([marks(driven), driven.at()], [names('a1 a2'), 'b1']);
    driven.press('S-end');
    assert.deepEqual([marks(driven), driven.at()], [names('a1 a2 b1 b2 c'), 'c']);
    driven.press('escape', 'S-up', 'S-up');
    assert.deepEqual([marks(driven).toSorted(), driven.at()], [names('b2 c'), 'b1']);
    driven.press('escape', 'S-home');
    assert.deepEqual([marks(driven), driven.state.remote.cursor], [names('a1 a2 b1'), 0]);
    assert.deepEqual(driven.state.remote.markedBytes, 3000);
    driven.press('escape', 'S-up');
    assert.deepEqual(marks(driven), []);
  });

  test('+ and - mark and unmark by pattern', () => {
    const driven = new Driven().list('remote', ...listing);
    type(driven.press('+', 'backspace'), 'a*').press('enter');
    type(driven.press('+', 'backspace'), '?1').press('enter');
    assert.deepEqual(marks(driven), names('a1 a2 b1'));
    type(driven.press('-', 'backspace'), 'a?').press('enter');
    assert.deepEqual([marks(driven), driven.state.remote.markedRows], [['b1'], 1]);
  });

  test('what a filter leaves out keeps its mark, and nothing is done to it', () => {
    const driven = new Driven()
      .list('remote', ...listing)
      .list('local')
      .press('C-a');
    type(driven.press('/'), 'b').press('enter');
    assert.deepEqual([driven.state.remote.markedRows, driven.state.remote.markedBytes], [2, 2000]);
    driven.taken();
    driven.press('f5');
    const [cmd] = driven.taken();
    assert.deepEqual(
      cmd?.kind === 'submit' ? cmd.orders.map(({ source }) => source.at(-1)) : [],
      names('b1 b2'),
    );
    assert.deepEqual(marks(driven), names('a1 a2 c'));
    driven.press('*');
    assert.equal(marks(driven).length, 5);
    driven.press('escape', 'escape');
    assert.deepEqual([driven.state.remote.filter, marks(driven)], ['', []]);
  });

  test('a mark follows a name that we change, and stays where that failed', () => {
    const renamed = (): Driven => {
      const driven = new Driven().list('remote', file('a'), file('b')).press('down', 'space', 'up', 'f2');
      return type(driven.press('backspace'), 'z').press('enter', 'C-r');
    };
    assert.deepEqual(marks(renamed().list('remote', file('b'), file('z'))), ['z']);
    assert.deepEqual(marks(renamed().list('remote', file('a'), file('b'))), ['a']);
  });
});

describe('places', () => {
  test('back and forward, each with the cursor where it was', () => {
    const inside = [folder('x'), folder('y')];
    const driven = new Driven().list('remote', ...inside).press('down', 'down', 'enter');
    driven
      .list('remote', ...inside)
      .press('down', 'enter')
      .list('remote', file('f'));
    assert.deepEqual(driven.path(), pathFromText('share/y/x'));
    driven.press('M-left').list('remote', ...inside);
    assert.deepEqual([driven.path(), driven.at()], [pathFromText('share/y'), 'x']);
    driven.press('H').list('remote', ...inside);
    assert.deepEqual([driven.path(), driven.at()], [pathFromText('share'), 'y']);
    assert.deepEqual(driven.press('H').path(), pathFromText('share'));
    driven
      .press('L')
      .list('remote', ...inside)
      .press('M-right')
      .list('remote', file('f'));
    assert.deepEqual(driven.path(), pathFromText('share/y/x'));
    // Going elsewhere forgets what was ahead.
    driven
      .press('H')
      .list('remote', ...inside)
      .press('left')
      .list('remote', ...inside);
    assert.deepEqual(driven.press('L').path(), pathFromText('share'));
  });

  test('bookmarks and recent folders are kept, found by typing, and forgotten', () => {
    const driven = new Driven().list('remote', folder('films')).list('local');
    driven.press('b').press('down', 'enter').list('remote');
    driven.taken();
    driven.press("'");
    type(driven, 'share').press('enter');
    assert.deepEqual(driven.path(), pathFromText('share'));
    driven.list('remote', folder('films'));
    type(driven.press("'"), 'home').press('enter');
    assert.deepEqual([driven.state.focus, driven.path('local')], ['local', pathFromText('home')]);
    driven.list('local').press("'", 'delete');
    assert.deepEqual(driven.state.remembered.bookmarks, []);
    assert.equal(driven.press('escape').state.dialog, undefined);
    assert.ok(driven.taken().some((cmd) => cmd.kind === 'remember'));
  });

  test('another server’s places are not offered', () => {
    const driven = new Driven().list('remote').list('local');
    const remembered = withRecent(nothingRemembered, { side: 'remote', server: 'other:1', path: [] });
    driven.state = { ...driven.state, remembered };
    driven.press("'", 'enter').taken();
    assert.equal(driven.state.dialog?.kind, 'places');
  });

  test('whatever the file holds, what is remembered can be used', () => {
    for (const value of [
      null,
      7,
      [],
      { bookmarks: 1, recent: [{}, { side: 'x' }], arrangement: { split: 9 } },
    ])
      assert.deepEqual(rememberedFrom(value), nothingRemembered);
    const place = { side: 'local', server: '', path: ['caf\u00c3\u00a9'] };
    const broken = { side: 'local', server: '', path: ['..'] };
    const long = { side: 'local', server: '', path: ['a/b'] };
    assert.deepEqual(rememberedFrom({ bookmarks: [place, broken, long, 1] }).bookmarks, [place]);
    assert.deepEqual(
      rememberedFrom(
        JSON.parse(JSON.stringify({ ...nothingRemembered, starts: 3, theme: 'light' as const })),
      ),
      { ...nothingRemembered, starts: 3, theme: 'light' as const },
    );
  });

  test('a path is typed, and Tab completes it on either side', () => {
    const driven = new Driven().list('remote').list('local').press('tab', 'g');
    driven.taken();
    type(driven.press('C-u'), '/var/lo').press('tab');
    assert.deepEqual(driven.taken(), [
      { kind: 'complete', side: 'local', folder: pathFromText('var'), text: '/var/lo' },
    ]);
    const folders = (text: string): ReturnType<typeof file>['name'][] => names(text).map((n) => file(n).name);
    const line = (): string | undefined =>
      driven.state.dialog?.kind === 'prompt' ? driven.state.dialog.fields[0]?.text : undefined;
    const error = (): string | undefined =>
      driven.state.dialog?.kind === 'prompt' ? driven.state.dialog.error : undefined;
    const answer = (text: string, found: string): Driven =>
      driven.post({ kind: 'completions', text, names: folders(found) });
    answer('/var/lo', 'log local lock tmp');
    assert.deepEqual([line(), error()], ['/var/lo', 'local/  lock/  log/']);
    answer('/var/elsewhere', 'elsewhere');
    assert.equal(line(), '/var/lo');
    type(driven, 'c').press('tab');
    answer('/var/loc', 'log local lock tmp');
    assert.equal(error(), 'local/  lock/');
    type(driven, 'k').press('tab');
    answer('/var/lock', 'log local lock tmp');
    assert.equal(line(), '/var/lock/');
    driven.press('enter');
    assert.deepEqual(driven.path('local'), pathFromText('var/lock'));
    assert.deepEqual(pathTyped('../x', pathFromText('a/b')), pathFromText('a/x'));
    assert.deepEqual(pathTyped('/../..//a/./b/', pathFromText('q')), pathFromText('a/b'));
  });
});

describe('both sides', () => {
  test('together: walking on one side walks on the other, until it is ended', () => {
    const driven = new Driven().list('remote', folder('a')).list('local', folder('a')).press('Y');
    driven.press('down', 'enter');
    assert.deepEqual(
      [driven.path(), driven.path('local')],
      [pathFromText('share/a'), pathFromText('home/a')],
    );
    driven.list('remote').list('local').press('left');
    assert.deepEqual([driven.path(), driven.path('local')], [pathFromText('share'), pathFromText('home')]);
    // Above where it began there is nothing that corresponds.
    driven.list('remote', folder('a')).list('local', folder('a')).press('left');
    assert.deepEqual([driven.path(), driven.path('local')], [[], pathFromText('home')]);
    driven.list('remote', folder('share')).press('Y', 'down', 'enter');
    assert.deepEqual(driven.path('local'), pathFromText('home'));
  });

  test('a folder that the other side has not: it says so and stays above', () => {
    const driven = new Driven().list('remote', folder('a')).list('local').press('Y', 'down', 'enter');
    const error = toWireError(new FerryError(Code.NOT_FOUND, 'no such file or folder'));
    driven.post({ kind: 'unlisted', side: 'local', request: driven.state.local.request, error });
    assert.deepEqual([driven.path(), driven.path('local')], [pathFromText('share/a'), pathFromText('home')]);
    assert.match(notice(driven) ?? '', /folder a: no such file/);
  });

  test('Alt+I shows the corresponding folder there, and says where there is none', () => {
    const driven = new Driven()
      .list('remote', folder('a'))
      .list('local')
      .press('down', 'enter')
      .list('remote');
    driven.press('M-i');
    assert.deepEqual(driven.path('local'), pathFromText('home/a'));
    driven.press('left', 'left').list('remote').press('M-i');
    assert.match(notice(driven) ?? '', /not below \/share/);
  });

  test('= marks on each side what the other has not, or older, or otherwise', () => {
    const at = (s: number): { s: number; ns: number } => ({ s, ns: 0 });
    const driven = new Driven()
      .list(
        'remote',
        folder('d'),
        file('same', 5, at(100)),
        file('newer', 5, at(200)),
        file('size', 6, at(100)),
        file('mine'),
      )
      .list(
        'local',
        folder('d'),
        file('same', 5, at(101)),
        file('newer', 5, at(100)),
        file('size', 5, at(100)),
        file('other'),
      );
    driven.press('=');
    assert.deepEqual(marks(driven).toSorted(), names('mine newer size'));
    assert.deepEqual(marks(driven, 'local').toSorted(), names('other size'));
    assert.deepEqual(
      names('d same newer size mine').map((name) => driven.state.remote.compared?.get(file(name).name)),
      names('same same newer differs only'),
    );
    // A refresh compares again, Esc takes the marks and then the signs away.
    driven.press('C-r').list('remote', file('other', 1000));
    assert.equal(driven.state.local.compared?.get(file('other').name), 'same');
    driven.press('escape', 'escape');
    assert.equal(driven.state.remote.compared, undefined);
  });

  test('times two seconds apart are the same, a nanosecond more is newer or older', () => {
    const at = (s: number, ns: number): readonly EntryPage[] => pagesOf([file('f', 1, { s, ns })]);
    const f = file('f').name;
    const there = at(100, 500);
    const against = (s: number, ns: number): string => compareWith(at(s, ns), there).get(f);
    assert.deepEqual([against(102, 500), against(102, 501), against(103, 0)], ['same', 'newer', 'newer']);
    assert.deepEqual([against(98, 500), against(98, 499), against(97, 999)], ['same', 'older', 'older']);
  });

  test('the split moves within bounds, the sides change places, one pane takes all', () => {
    const widths = (driven: Driven): unknown => {
      const { remote, local } = layout(driven.state.size, driven.state.remembered.arrangement, 'remote');
      return [remote?.left, remote?.width, local?.left, local?.width];
    };
    const driven = new Driven();
    assert.deepEqual(widths(driven), [0, 50, 50, 50]);
    assert.deepEqual(widths(driven.press('>', '>')), [0, 60, 60, 40]);
    assert.deepEqual(widths(driven.press('C-u')), [60, 40, 0, 60]);
    assert.deepEqual(widths(driven.press(...Array<string>(20).fill('<'))), [20, 80, 0, 20]);
    assert.deepEqual(widths(driven.press('z')), [0, 100, undefined, undefined]);
    assert.deepEqual(driven.press('C-x', 'e', 'C-u', 'z').state.remembered.arrangement, usualArrangement);
  });

  test('every screen of any size is covered, and by nothing twice', () => {
    const random = randomFrom(seed);
    for (let i = 0; i < runs(300); i++) {
      const size = { columns: 40 + random(261), rows: 12 + random(89) };
      const split = 20 + random(61);
      const arrangement = {
        split,
        swapped: random(2) === 1,
        zoomed: random(4) === 0,
        columns: 'auto',
      } as const;
      const places = layout(size, arrangement, random(2) === 1 ? 'local' : 'remote');
      const cells = Object.values(places).reduce(
        (sum, rect) => sum + (rect === undefined ? 0 : rect.width * rect.height),
        0,
      );
      assert.equal(cells, size.columns * size.rows, JSON.stringify([seed, size, arrangement]));
    }
  });
});

describe('what is done to entries', () => {
  test('permissions are asked for as chmod takes them, and checked', () => {
    const driven = new Driven().list('remote', file('a')).press('down', 'm');
    assert.ok(driven.state.dialog?.kind === 'prompt' && driven.state.dialog.fields[0]?.text === '644');
    driven.taken();
    type(driven.press('C-u'), '9').press('enter');
    assert.ok(driven.state.dialog?.kind === 'prompt' && /0 to 7/.test(driven.state.dialog.error ?? ''));
    type(driven.press('C-u'), '0750').press('enter');
    const [cmd] = driven.taken();
    assert.deepEqual(cmd, {
      kind: 'permissions',
      side: 'remote',
      folder: pathFromText('share'),
      entries: [file('a')],
      mode: 0o750,
    });
  });

  test('a path is copied when that was asked for, as it may be shown and with a warning, never with what moves a terminal (TERM-18)', () => {
    const driven = new Driven().list('remote', { ...file('x'), name: checkName('a\x1b]52;c;evil\x07\nb') });
    driven.press('down').taken();
    driven.press('y');
    const [cmd] = driven.taken();
    assert.ok(cmd?.kind === 'copy-text');
    assert.match(cmd.text, /^ferry:\/\/10\.0\.0\.5:7377\/share\/a\\e\]52;c;evil/);
    assert.ok(!/\p{Cc}/u.test(cmd.text));
    assert.match(notice(driven) ?? '', /^not the exact name, .*; copied: ferry:/);
    const plain = new Driven().list('remote', file('größe 海')).press('down', 'y');
    assert.match(notice(plain) ?? '', /^copied: .*größe 海$/);
    driven.press('tab', 'y');
    const [, own] = [...driven.taken()];
    assert.equal(own, undefined);
  });

  test('what is in a folder is counted and shown there, also while it goes on', () => {
    const driven = new Driven().list('remote', folder('d'), file('f')).press('down');
    driven.taken();
    driven.press('C-space');
    const name = folder('d').name;
    const path: Path = pathFromText('share');
    assert.deepEqual(driven.taken(), [{ kind: 'measure', side: 'remote', folder: path, names: [name] }]);
    const told = { kind: 'measured', side: 'remote', folder: path, name, files: 2 } as const;
    driven.post({ ...told, bytes: 10, whole: false }).post({ ...told, bytes: 30, whole: true });
    assert.deepEqual([driven.state.remote.sizes.get(name), notice(driven)], [30, 'd: 30 bytes in 2 files']);
    driven.press('down', 'C-space');
    assert.equal(notice(driven), 'only folders are counted');
  });
});
