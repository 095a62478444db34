/** Keys for what the server does with its own files. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, type Entry, EntryKind, type Name, pathFromText, show } from '@ferry/protocol';
import { momentsFrom, sizesFrom } from '@ferry/tui/engine/find-words';
import type { TrashRow } from '@ferry/tui/engine/server-trash';
import { footerOf } from '@ferry/tui/keymap/footer';
import { markOf, type Replacing, replacedSince } from '@ferry/tui/state/replacing';
import type { Undo } from '@ferry/tui/state/undo';
import { type Work, workWords } from '@ferry/tui/state/works';
import { golden } from '../../support/golden.ts';
import { Driven, file, folder, job, jobs } from '../support/drive.ts';
import { FakeTerminal } from '../support/fake-terminal.ts';

process.env['TZ'] = 'UTC';

/** As a search gives it. */
function hit(path: string, entry: Entry): Entry {
  return { ...entry, name: path as Name };
}

const title = (driven: Driven): string => {
  const { dialog } = driven.state;
  return dialog?.kind === 'prompt' || dialog?.kind === 'question' ? `${dialog.title}` : '';
};
const notice = (driven: Driven): string => `${driven.state.notice?.text ?? ''}`;

describe('the trash', () => {
  test('F8 says that it can be had back; u does that, once', () => {
    const driven = new Driven().list('remote', file('a'), file('b'));
    driven.press('down', 'f8');
    const { dialog } = driven.state;
    assert.ok(dialog?.kind === 'question');
    assert.deepEqual(dialog.lines.map(String), [
      'a on the server.',
      'It goes to the trash: u brings it back.',
    ]);
    driven.press('y').taken();
    driven.post({
      kind: 'did',
      undo: { kind: 'deleted', where: '10.0.0.5:7377', ids: ['11', '22'], folder: pathFromText('share') },
    });
    assert.equal(notice(driven), '2 entries deleted · u brings them back');
    driven.press('u');
    assert.deepEqual(driven.taken(), [
      {
        kind: 'undo',
        undo: { kind: 'deleted', where: '10.0.0.5:7377', ids: ['11', '22'], folder: pathFromText('share') },
      },
    ]);
    driven.press('u');
    assert.deepEqual(driven.taken(), [{ kind: 'list-trash' }], 'what there is to bring back');
  });

  test('is a list of what was deleted or overwritten, to bring it back or to delete it for good', async () => {
    const row = (id: string, change: Partial<TrashRow> = {}): TrashRow => ({
      id,
      path: pathFromText(`share/docs/${id}`),
      kind: EntryKind.file,
      files: 1,
      bytes: 1234,
      deletedMs: 1_760_000_000_000,
      isReplaced: false,
      ...change,
    });
    const driven = new Driven('share', 'home', { columns: 80, rows: 24 })
      .list('remote', file('a'))
      .list('local');
    driven.taken();
    driven.press('U');
    assert.deepEqual(driven.taken(), [{ kind: 'list-trash' }]);
    const odd = row('odd', { path: pathFromText(`a\u001b[31m${'/long'.repeat(20)}`), files: 9 });
    driven.post({ kind: 'trash', rows: [row('one', { isReplaced: true }), odd, row('three')] });
    for (const [columns, rows] of [
      [80, 24],
      [40, 12],
    ] as const) {
      driven.post({ kind: 'resized', size: { columns, rows } });
      const terminal = new FakeTerminal(columns, rows);
      golden(`trash-${columns}x${rows}`, await terminal.draw(driven.state));
      terminal.close();
    }
    driven.press('down', 'delete');
    assert.equal(title(driven), 'Delete?');
    driven.press('n', 'delete', 'y');
    assert.deepEqual(driven.taken(), [{ kind: 'drop-trash', id: 'odd' }]);
    driven.post({ kind: 'trash', rows: [row('one'), row('three')] }).press('end', 'enter');
    const folder = pathFromText('share/docs');
    assert.deepEqual(driven.taken(), [
      { kind: 'undo', undo: { kind: 'deleted', where: '10.0.0.5:7377', ids: ['three'], folder } },
    ]);
    assert.equal(driven.state.dialog, undefined);
    driven.post({ kind: 'trash', rows: [] });
    assert.equal(driven.state.dialog, undefined, 'nobody waits for it any more');
  });

  test('on one’s own side it is for good, and there is nothing to undo', () => {
    const driven = new Driven().list('local', file('mine')).press('tab', 'down', 'f8');
    assert.match(
      driven.state.dialog?.kind === 'question' ? driven.state.dialog.lines.join(' ') : '',
      /cannot be undone/,
    );
    driven.taken();
    driven.press('y');
    const entries = [file('mine')];
    assert.deepEqual(driven.taken(), [
      { kind: 'remove', side: 'local', folder: pathFromText('home'), entries },
    ]);
    driven.press('u');
    assert.match(notice(driven), /for the files of the server/);
  });

  test('Shift+F8 wants a word typed', () => {
    const driven = new Driven().list('remote', file('a'), folder('d'));
    driven.press('C-a').taken();
    driven.press('S-f8');
    assert.equal(title(driven), 'Type delete to delete 2 entries for good');
    driven.press('y', 'enter');
    assert.deepEqual(driven.taken(), []);
    assert.match(title(driven), /^Type delete/);
    driven.press('backspace', ...'delete', 'enter');
    const [cmd] = driven.taken();
    assert.ok(cmd?.kind === 'delete' && cmd.forGood && cmd.entries.length === 2);
    assert.equal(driven.state.remote.marks.size, 0);
  });
});

describe('finding', () => {
  const search = (...keys: readonly string[]): Driven => {
    const driven = new Driven().list('remote', file('a'));
    driven.taken();
    return driven.press('F', ...keys, 'enter');
  };

  test('a name without a pattern is looked for anywhere in names', () => {
    const [cmd] = search(...'tide').taken();
    assert.ok(cmd?.kind === 'find');
    assert.deepEqual([cmd.query.name, cmd.query.content, cmd.query.anyCase], ['*tide*', undefined, true]);
    const [pattern] = search(...'*.mov', 'tab', ...'x y').taken();
    assert.ok(pattern?.kind === 'find');
    assert.deepEqual([pattern.query.name, pattern.query.content], ['*.mov', 'x y']);
    const [bounded] = search('tab', 'tab', ...'>1M <5k', 'tab', ...'<7d').taken();
    assert.ok(bounded?.kind === 'find');
    const { minSize, maxSize, after } = bounded.query;
    assert.deepEqual([minSize, maxSize, after, bounded.changed], [1e6, 5000, undefined, '<7d']);
    const wrong = search('tab', 'tab', 'tab', ...'soon');
    assert.deepEqual(wrong.taken(), []);
    const { dialog } = wrong.state;
    assert.ok(dialog?.kind === 'prompt' && dialog.field === 3 && /is no time/.test(`${dialog.error}`));
    const driven = search();
    assert.deepEqual(driven.taken(), []);
    assert.match(driven.state.dialog?.kind === 'prompt' ? `${driven.state.dialog.error}` : '', /some text/);
  });

  test('times are counted from when one asks', () => {
    const nowMs = 1_000_000_000_000;
    const [now, day] = [nowMs / 1000, 86_400];
    assert.deepEqual(momentsFrom('', nowMs), {});
    assert.deepEqual(momentsFrom('7d', nowMs), { after: now - 7 * day });
    assert.deepEqual(momentsFrom('<7d >1d', nowMs), { after: now - 7 * day, before: now - day });
    const may = Date.parse('2026-05-31') / 1000;
    assert.deepEqual(momentsFrom('>2026-05-31', nowMs), { after: may });
    assert.deepEqual(momentsFrom('<2026-05-31', nowMs), { before: may });
    assert.throws(() => momentsFrom('<', nowMs), { code: Code.USAGE });
    assert.deepEqual(sizesFrom('1k'), { minSize: 1000 });
    assert.throws(() => sizesFrom('>big'), { code: Code.USAGE });
  });

  test('what is found is a pane on which everything works', () => {
    const driven = search(...'x');
    driven.taken();
    driven.list(
      'remote',
      hit('sub/x1', file('x1')),
      hit('other/x1', file('x1')),
      hit('deep/down/xd', folder('xd')),
    );
    assert.deepEqual(driven.names(), ['deep/down/xd', 'other/x1', 'sub/x1']);
    driven.press('C-a', 'f5');
    const [submit] = driven.taken();
    assert.ok(submit?.kind === 'submit');
    assert.deepEqual(
      submit.orders.map(({ source, target }) => [source, target]),
      [
        [pathFromText('share/deep/down/xd'), pathFromText('home/xd')],
        [pathFromText('share/other/x1'), pathFromText('home/x1')],
        [pathFromText('share/sub/x1'), pathFromText('home/x1')],
      ],
    );
    driven.press('end', 'f2', 'end', '!', 'enter');
    const [rename] = driven.taken();
    assert.deepEqual(rename, {
      kind: 'rename',
      side: 'remote',
      from: pathFromText('share/sub/x1'),
      to: pathFromText('share/sub/x1!'),
    });
    driven.press('end', 'f3');
    assert.ok(driven.taken().some((cmd) => cmd.kind === 'look' && cmd.path.join('/') === 'share/sub/x1'));
  });

  test('refreshing searches again; the row above, Left and a folder lead out of it', () => {
    const driven = search(...'x');
    driven.list('remote', hit('deep/xd', folder('xd')));
    driven.taken();
    driven.press('C-r');
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['find', 'space'],
    );
    driven.list('remote', hit('deep/xd', folder('xd')));
    driven.press('home', 'enter');
    assert.deepEqual([driven.path(), driven.state.remote.found], [pathFromText('share'), undefined]);
    driven.list('remote', file('a')).press('F', ...'x', 'enter');
    driven.list('remote', hit('deep/xd', folder('xd'))).press('end', 'enter');
    assert.deepEqual([driven.path(), driven.state.remote.found], [pathFromText('share/deep/xd'), undefined]);
    driven.list('remote').press('F', ...'y', 'enter');
    driven.list('remote').press('left');
    assert.deepEqual(driven.path(), pathFromText('share/deep/xd'));
  });

  test('going back out of what was found led past the folder that was searched', () => {
    const driven = new Driven().list('remote', folder('in')).press('down', 'enter');
    driven.list('remote', file('a'), file('b')).press('end', 'F', ...'x', 'enter');
    driven.list('remote', hit('deep/xd', folder('xd'))).press('M-left');
    driven.list('remote', file('a'), file('b'));
    assert.deepEqual([driven.path(), driven.at()], [pathFromText('share/in'), 'b']);
    // Out by the row above, or on into a folder: the folder is in the history once.
    driven
      .press('F', ...'x', 'enter')
      .list('remote')
      .press('left')
      .list('remote', file('a'));
    driven.press('M-left');
    assert.deepEqual(driven.path(), pathFromText('share'));
    driven.list('remote', folder('in')).press('M-right').list('remote', file('a'));
    driven
      .press('F', ...'x', 'enter')
      .list('remote', hit('deep/xd', folder('xd')))
      .press('end', 'enter');
    driven.list('remote').press('M-left');
    assert.deepEqual([driven.path(), driven.state.remote.found], [pathFromText('share/in'), undefined]);
  });

  test('only the server is searched', () => {
    const driven = new Driven().list('local', file('a')).press('tab', 'F');
    assert.equal(driven.state.dialog, undefined);
    assert.match(notice(driven), /for the files of the server/);
  });
});

describe('copying and moving on the server', () => {
  test('one to a path, several into a folder', () => {
    const driven = new Driven().list('remote', file('a'), file('b'));
    driven.taken();
    driven.press('down', 'S-f5');
    assert.equal(title(driven), 'Copy a on the server to');
    driven.press('backspace', 'c', 'enter');
    assert.deepEqual(driven.taken(), [
      {
        kind: 'graft',
        where: '10.0.0.5:7377',
        verb: 'copy',
        sources: [pathFromText('share/a')],
        bytes: 1000,
        to: pathFromText('share/c'),
        isInto: false,
        folder: pathFromText('share'),
      },
    ]);
    driven.press('C-a', 'S-f6', ...'sub', 'enter');
    const [move] = driven.taken();
    assert.ok(move?.kind === 'graft' && move.verb === 'move' && move.isInto && move.sources.length === 2);
    assert.deepEqual(move.to, pathFromText('share/sub'));
  });

  test('F6 moves to the folder on the other side of the same place, or renames on the way; between two places it says what does', () => {
    const driven = new Driven().list('remote', file('a'), file('b')).list('local');
    driven.taken();
    assert.match(
      driven.press('down', 'f6').state.notice?.text ?? '',
      /^to another place: copy it, and delete/,
    );
    assert.equal(driven.state.dialog, undefined);
    assert.ok(!footerOf(driven.state).some(({ action }) => action === 'move'));
    driven
      .press('tab', 'M-o')
      .list('local', folder('there'))
      .press('home', 'enter')
      .list('local')
      .press('tab');
    assert.ok(footerOf(driven.state).some(({ action, key }) => action === 'move' && key === 'f6'));
    driven.taken();
    driven.press('f6');
    assert.equal(title(driven), 'Move a to');
    driven.press('enter');
    const place = driven.state.local.path;
    const [one] = driven.taken();
    assert.ok(one?.kind === 'graft' && one.verb === 'move' && one.where === driven.state.local.where);
    assert.deepEqual(one.to, [...place, ...pathFromText('a')]);
    driven.press('C-a', 'f6', 'enter');
    const [both] = driven.taken();
    assert.ok(both?.kind === 'graft' && both.isInto && both.sources.length === 2);
    assert.deepEqual([both.to, both.folder], [place, pathFromText('share')]);
  });
});

describe('what takes back', () => {
  const where = '10.0.0.5:7377';
  const renamed = (from: string, to: string, at = where): Undo => ({
    kind: 'renamed',
    where: at,
    from: pathFromText(`share/${from}`),
    to: pathFromText(`share/${to}`),
  });
  const undone = (driven: Driven): Undo | undefined => {
    driven.press('u');
    const cmd = driven.taken().at(-1);
    return cmd?.kind === 'undo' ? cmd.undo : undefined;
  };

  test('goes back step by step, the last one first, and then to the trash', () => {
    const driven = new Driven().list('remote', file('a'));
    driven.taken();
    const steps: readonly Undo[] = [
      renamed('a', 'b'),
      { kind: 'folder-made', where, path: pathFromText('share/new') },
      { kind: 'permissions', where, before: [{ path: pathFromText('share/b'), mode: 0o600 }] },
    ];
    for (const undo of steps) driven.post({ kind: 'did', undo });
    for (const undo of steps.toReversed()) assert.deepEqual(undone(driven), undo);
    assert.equal(undone(driven), undefined);
    assert.equal(driven.state.dialog?.kind, 'trash');
  });

  test('of what was done to nothing nothing is kept; of much the newest; after what is too much nothing before it', () => {
    const driven = new Driven().list('remote', file('a')).press('down');
    driven.post({ kind: 'did', undo: { kind: 'moved', where, pairs: [] } });
    assert.deepEqual([driven.state.undos, notice(driven)], [[], '']);
    for (let i = 0; i < 60; i++) driven.post({ kind: 'did', undo: renamed(`${i}`, 'x') });
    assert.deepEqual([driven.state.undos.length, undone(driven)], [50, renamed('59', 'x')]);
    const made = Array.from({ length: 10_001 }, (_, i) => pathFromText(`share/${i}`));
    driven.post({ kind: 'did', undo: { kind: 'copied', where, made } });
    assert.deepEqual(driven.state.undos, []);
  });

  test('what the list of the trash brought back is not brought back again', () => {
    const driven = new Driven().list('remote', file('a'));
    const folder = pathFromText('share');
    driven.post({ kind: 'did', undo: renamed('a', 'b') });
    driven.post({ kind: 'did', undo: { kind: 'deleted', where, ids: ['one'], folder } });
    driven.press('U');
    const row: TrashRow = {
      id: 'one',
      path: pathFromText('share/one'),
      kind: EntryKind.file,
      files: 1,
      bytes: 1,
      deletedMs: 0,
      isReplaced: false,
    };
    driven.post({ kind: 'trash', rows: [row] }).press('enter');
    driven.taken();
    assert.deepEqual(undone(driven), renamed('a', 'b'));
    driven.post({ kind: 'did', undo: { kind: 'deleted', where, ids: ['one', 'two'], folder } });
    driven
      .press('U')
      .post({ kind: 'trash', rows: [row] })
      .press('enter');
    driven.taken();
    const rest = { kind: 'deleted', where, ids: ['two'], folder };
    assert.deepEqual(undone(driven), rest, 'what was deleted with it comes back by u');
  });

  test('what two jobs replaced below one folder is taken back by job; what is brought back is nobody’s', () => {
    const driven = new Driven().list('remote', file('a'));
    const rule: Replacing = { where, jobs: 'all', mark: { ms: 5, ids: ['old'] } };
    const upload = { direction: 'upload', target: pathFromText('share/d') } as const;
    driven.post({ kind: 'ruled', rule }).post({ kind: 'ruled', rule: { ...rule, mark: { ms: 9, ids: [] } } });
    jobs(driven, job(1, upload), job(2), job(3, upload));
    driven.taken();
    jobs(driven, job(1, { ...upload, phase: 'done' }), job(2, { phase: 'done' }));
    const find = { kind: 'find-replaced', where, target: upload.target, mark: rule.mark } as const;
    assert.deepEqual(driven.taken(), [find]);
    const replaced = (...ids: readonly string[]): Undo => ({ kind: 'replaced', where, ids, folders: [] });
    driven.post({ kind: 'did', undo: replaced('x') }).post({ kind: 'did', undo: replaced('y', 'x') });
    assert.deepEqual([undone(driven), undone(driven)], [replaced('y'), replaced('x')]);
    jobs(driven, job(3, { ...upload, phase: 'done' }));
    assert.deepEqual(driven.taken(), []);
  });

  test('of a job that was over before the trash had answered, what it replaced is asked for then', () => {
    const driven = new Driven().list('remote', file('a'));
    const upload = { direction: 'upload', target: pathFromText('share/d') } as const;
    jobs(driven, job(1, { ...upload, phase: 'done' }), job(2, upload));
    driven.taken();
    const mark = { ms: 5, ids: [] };
    driven.post({ kind: 'ruled', rule: { where, jobs: [1, 2], mark } });
    assert.deepEqual(driven.taken(), [{ kind: 'find-replaced', where, target: upload.target, mark }]);
  });

  test('a job replaced what came to the trash since, below its target, and was not there by then', () => {
    const row = (id: string, at: string, deletedMs: number, isReplaced = true) => ({
      id,
      path: pathFromText(at),
      deletedMs,
      isReplaced,
    });
    const before = [row('b', 'd/x', 7), row('a', 'd/x', 7), row('0', 'd/x', 3)];
    const rows = [
      row('c', 'd/x', 7),
      row('e', 'd/deep/y', 8),
      row('f', 'dd', 9),
      row('g', 'd/z', 9, false),
      ...before,
    ];
    assert.deepEqual(
      replacedSince(rows, pathFromText('d'), markOf(before)).map(({ id }) => id),
      ['c', 'e'],
    );
    assert.equal(replacedSince(rows, pathFromText('d'), markOf([])).length, 5);
  });

  test('works from the other pane too, unless its server is away', () => {
    const driven = new Driven().list('remote', file('a')).list('local', file('mine')).press('tab');
    driven.post({ kind: 'did', undo: renamed('mine', 'ours', '') });
    assert.deepEqual(undone(driven), renamed('mine', 'ours', ''));
    driven.post({ kind: 'did', undo: renamed('a', 'b') });
    const status = { phase: 'connecting', attempt: 2 } as const;
    driven.post({ kind: 'engine', event: { kind: 'connection', status } });
    assert.equal(undone(driven), undefined);
    assert.match(notice(driven), /not connected/);
    assert.equal(driven.state.undos.length, 1);
  });
});

describe('long work', () => {
  const work = (id: number, change: Partial<Work> = {}): Work => ({
    id,
    where: '10.0.0.5:7377',
    verb: 'copy',
    what: show('film.mov'),
    files: 0,
    bytes: 0,
    totalBytes: undefined,
    isStopping: false,
    ...change,
  });
  const words = (driven: Driven): string => workWords(driven.state, '·');

  test('says how far it is, and X stops the one that is spoken of', () => {
    const driven = new Driven().list('remote', file('a'));
    driven.taken();
    assert.equal(words(driven), '');
    driven.post({ kind: 'working', work: work(1, { totalBytes: 5e9 }) });
    driven.post({ kind: 'working', work: work(1, { totalBytes: 5e9, bytes: 1.25e9 }) });
    assert.equal(words(driven), 'copying film.mov · 25 % · 1.25 GB of 5 GB · X stops it');
    driven.post({ kind: 'working', work: work(2, { verb: 'remove', what: show('3 entries'), files: 7 }) });
    assert.match(words(driven), / · 1 more$/);
    driven.press('X');
    assert.deepEqual(driven.taken(), [{ kind: 'stop-work', id: 1 }]);
    driven.post({ kind: 'working', work: work(1, { totalBytes: 5e9, bytes: 1.3e9 }) });
    assert.equal(words(driven), 'deleting 3 entries · 7 files, 0 B · X stops it · 1 more');
    driven.press('X');
    assert.deepEqual(driven.taken(), [{ kind: 'stop-work', id: 2 }]);
    assert.match(words(driven), /stopping…/);
    driven.post({ kind: 'work-over', id: 1 }).post({ kind: 'work-over', id: 2 });
    assert.equal(words(driven), '');
    driven.press('X');
    assert.match(notice(driven), /nothing is being done/);
  });

  test('is shown below the jobs, wherever one is', async () => {
    const driven = new Driven('share', 'home', { columns: 80, rows: 24 }).list('remote', file('a'));
    driven.list('local', file('mine'));
    driven.post({ kind: 'working', work: work(1, { totalBytes: 5e9, bytes: 1.25e9 }) });
    const terminal = new FakeTerminal(80, 24);
    golden('work-80x24', await terminal.draw(driven.state));
    terminal.close();
  });

  test('is asked about before ferry ends', () => {
    const driven = new Driven().list('remote', file('a')).post({ kind: 'working', work: work(1) });
    driven.press('f10');
    const { dialog } = driven.state;
    assert.deepEqual(dialog?.kind === 'question' && dialog.lines.map(String), [
      'What the server is doing ends with it, unfinished.',
    ]);
  });

  test('a search that was stopped shows what it found by then', () => {
    const driven = new Driven().list('remote', file('a')).press('F', 'x', 'enter');
    const { request } = driven.state.remote;
    driven.post({ kind: 'page', side: 'remote', request, entries: [hit('sub/x1', file('x1'))] });
    driven.taken();
    driven.press('X');
    assert.deepEqual(driven.taken(), [{ kind: 'stop-find', side: 'remote' }]);
    driven.post({ kind: 'unlisted', side: 'remote', request, error: [Code.CANCELLED, 'cancelled', 0] });
    assert.equal(driven.state.remote.loading, false);
    assert.deepEqual(
      driven.state.remote.rows.map(({ name }) => name),
      ['sub/x1'],
    );
  });
});
