/** Keys for what the server does with its own files. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Entry, EntryKind, type Name, pathFromText } from '@ferry/protocol';
import type { TrashRow } from '@ferry/tui/engine/server-trash';
import { footerOf } from '@ferry/tui/keymap/footer';
import { golden } from '../../support/golden.ts';
import { Driven, file, folder } from '../support/drive.ts';
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
      kind: 'deleted',
      where: '10.0.0.5:7377',
      ids: ['11', '22'],
      folder: pathFromText('share'),
    });
    assert.equal(notice(driven), '2 entries deleted · u brings them back');
    driven.press('u');
    assert.deepEqual(driven.taken(), [
      { kind: 'undo-delete', where: '10.0.0.5:7377', ids: ['11', '22'], folder: pathFromText('share') },
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
      { kind: 'undo-delete', where: '10.0.0.5:7377', ids: ['three'], folder },
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
    const driven = search();
    assert.deepEqual(driven.taken(), []);
    assert.match(driven.state.dialog?.kind === 'prompt' ? `${driven.state.dialog.error}` : '', /some text/);
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
