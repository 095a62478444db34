/** Any place in either pane: this machine, a server, another one; what the keys do to them then, by value. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EntryKind, pathFromText } from '@ferry/protocol';
import type { ConnectionStatus } from '@ferry/tui/engine/engine';
import type { TrashRow } from '@ferry/tui/engine/server-trash';
import { titleRow } from '@ferry/tui/view/rows/line-rows';
import { asciiGlyphs } from '@ferry/tui/view/rows/style';
import { mono } from '@ferry/tui/view/rows/themes/mono';
import { Driven, file, folder } from '../support/drive.ts';

const first = '10.0.0.5:7377';
const second = 'b.example:7377';
const online: ConnectionStatus = {
  phase: 'online',
  address: second,
  user: 'bert',
  readOnly: false,
  rttMs: 9,
};

/** The second server on the side that was this machine's. */
function beside(): Driven {
  const driven = new Driven().list('remote', folder('d'), file('a')).list('local', file('mine'));
  driven.press('tab', 'C-o');
  assert.deepEqual(driven.taken().at(-1), { kind: 'choose-server', side: 'local' });
  driven.post({ kind: 'server-chosen', side: 'local', where: second, path: pathFromText('pool') });
  driven.post({ kind: 'engine', event: { kind: 'connection', status: online, where: second } });
  return driven.list('local', file('theirs')).press('tab');
}

const trashed: TrashRow = {
  id: 'ab',
  path: pathFromText('pool/theirs'),
  kind: EntryKind.file,
  files: 1,
  bytes: 9,
  deletedMs: 0,
  isReplaced: false,
};
const notice = ({ state }: Driven): string => state.notice?.text ?? '';
const submitted = (driven: Driven) => {
  const cmd = driven.taken().find(({ kind }) => kind === 'submit');
  return cmd?.kind === 'submit' ? cmd.orders : [];
};

describe('two servers side by side', () => {
  test('F5 copies from one to the other, whichever is left; both ends are named in the order', () => {
    const driven = beside();
    driven.taken();
    driven.press('home', 'down', 'down', 'f5');
    assert.deepEqual(submitted(driven), [
      {
        direction: 'upload',
        to: second,
        from: first,
        source: pathFromText('share/a'),
        kind: EntryKind.file,
        target: pathFromText('pool/a'),
        existing: 'ask',
      },
    ]);
    driven.press('tab', 'home', 'down', 'f5');
    const [order] = submitted(driven);
    assert.deepEqual([order?.to, order?.from, order?.target], [first, second, pathFromText('share/theirs')]);
  });

  test('the title is about the server of the pane one is in', () => {
    const driven = beside();
    const look = { theme: mono, glyphs: asciiGlyphs };
    assert.match(titleRow(driven.state, 80, look), /anna@10\.0\.0\.5:7377/);
    assert.match(titleRow(driven.press('tab').state, 80, look), /bert@b\.example:7377/);
  });

  test('one that goes away stays what it was, alone, and is read again when it is back', () => {
    const driven = beside();
    const rows = driven.state.local.rows;
    const status = { phase: 'offline', error: [1, 'gone', 0], retryMs: 2000, attempt: 1 } as const;
    driven.post({ kind: 'engine', event: { kind: 'connection', status, where: second } });
    driven.press('tab', 'left');
    assert.match(notice(driven), /the server is away/);
    assert.equal(driven.state.local.rows, rows);
    driven.post({ kind: 'tick' });
    const then = driven.state.others.get(second);
    assert.equal(then?.phase === 'offline' ? then.retryMs : undefined, 1000);
    driven.taken();
    driven.press('tab', 'C-r');
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['list', 'space'],
      'the other one goes on',
    );
    driven.post({ kind: 'engine', event: { kind: 'connection', status: online, where: second } });
    assert.deepEqual(
      driven.taken().filter(({ kind }) => kind === 'list'),
      [
        {
          kind: 'list',
          side: 'local',
          path: pathFromText('pool'),
          request: driven.state.local.request,
        },
      ],
    );
  });

  test('rights are those of the server that is written to', () => {
    const driven = beside();
    const status = { ...online, readOnly: true };
    driven.post({ kind: 'engine', event: { kind: 'connection', status, where: second } });
    driven.press('home', 'down', 'down', 'f5');
    assert.match(notice(driven), /only look and download/);
    driven.press('tab', 'f7');
    assert.match(notice(driven), /only look and download/);
    driven.press('tab', 'f7');
    assert.equal(driven.state.dialog?.kind, 'prompt');
  });

  test('deleting, undoing and finding go to the server of the pane', () => {
    const driven = beside().press('tab', 'home', 'down');
    driven.taken();
    // Nothing was deleted yet: what can be had back is in its own list.
    driven.press('u');
    assert.deepEqual(driven.taken(), [{ kind: 'list-trash', where: second }]);
    driven.post({ kind: 'trash', rows: [] });
    assert.ok(
      driven.state.dialog?.kind === 'trash' && driven.state.dialog.rows === undefined,
      'the first one’s',
    );
    driven.post({ kind: 'trash', rows: [trashed], where: second }).press('enter');
    const back = driven.taken().at(-1);
    assert.equal(back?.kind === 'undo' && back.undo.where, second);
    driven
      .press('u')
      .post({ kind: 'trash', rows: [trashed], where: second })
      .press('delete', 'y');
    assert.deepEqual(driven.taken().at(-1), { kind: 'drop-trash', id: 'ab', where: second });
    driven.press('escape');
    driven.taken();
    driven.press('f8', 'y');
    const [cmd] = driven.taken();
    assert.deepEqual([cmd?.kind, cmd?.kind === 'delete' && cmd.where], ['delete', second]);
    driven.post({
      kind: 'did',
      undo: { kind: 'deleted', where: second, ids: ['ab'], folder: pathFromText('pool') },
    });
    driven.press('tab', 'u');
    const undo = driven.taken().at(-1);
    assert.equal(undo?.kind === 'undo' && undo.undo.where, second);
    driven.press('tab', 'F', 'x', 'enter');
    const find = driven.taken().at(-1);
    assert.deepEqual(find?.kind === 'find' && [find.side, find.where], ['local', second]);
  });

  test('sharing, and the list of shares, are of the server of the pane', () => {
    const driven = beside().press('tab', 'home', 'down', 'space', 'S', 's');
    driven.taken();
    const { dialog } = driven.state;
    assert.equal(dialog?.kind === 'prompt' && dialog.fields.at(-1)?.text, second);
    driven.press('enter');
    const made = driven.taken().find(({ kind }) => kind === 'make-share');
    assert.equal(made?.kind === 'make-share' && made.where, second);
    assert.equal(driven.state.local.marks.size, 0, 'the marks of this pane are taken away');
    driven.press('S', 'l');
    assert.deepEqual(driven.taken(), [{ kind: 'list-shares', where: second }]);
    driven.press('tab', 'escape').press('tab', 'S', 'l');
    assert.deepEqual(driven.taken().at(-1), { kind: 'list-shares' });
  });

  test('a file is edited where it is: fetched from there, stored there, and nothing is mixed up by its name', () => {
    const driven = beside().press('tab', 'home', 'down');
    driven.taken();
    driven.press('f4');
    const fetch = driven.taken().find(({ kind }) => kind === 'fetch-copy');
    assert.ok(fetch?.kind === 'fetch-copy' && fetch.where === second);
    const facts = { ...file('theirs', 3), identity: '1' };
    const copy = { copy: pathFromText('tmp/1/theirs'), version: facts, digest: 'd' };
    const { request } = fetch;
    driven.post({ kind: 'copy-fetched', request, copy });
    const editor = driven.taken().find(({ kind }) => kind === 'run-editor');
    assert.equal(editor?.kind === 'run-editor' && editor.where, second);
    driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
    const store = driven.taken().find(({ kind }) => kind === 'store-copy');
    assert.equal(store?.kind === 'store-copy' && store.where, second);
    // The other one goes away: that is nothing to this copy.
    const status = { phase: 'offline', error: [1, 'gone', 0], retryMs: 2000, attempt: 1 } as const;
    driven.state = { ...driven.state, notice: undefined };
    driven.post({ kind: 'engine', event: { kind: 'connection', status } });
    assert.equal(driven.state.notice, undefined);
    driven.post({ kind: 'engine', event: { kind: 'connection', status, where: second } });
    assert.match(notice(driven), /tmp\/1\/theirs/);
    driven.post({ kind: 'copy-stored', request, facts });
    assert.deepEqual(
      driven.taken().filter(({ kind }) => kind === 'drop-copy'),
      [{ kind: 'drop-copy', copy, where: second }],
    );
  });

  test('who is here and what they may see is told of each by itself', () => {
    const driven = beside();
    driven.post({ kind: 'people', rows: [], where: second });
    driven.post({ kind: 'engine', event: { kind: 'people', here: 4, where: second } });
    driven.post({ kind: 'engine', event: { kind: 'people', here: 2 } });
    const look = { theme: mono, glyphs: asciiGlyphs };
    assert.match(titleRow(driven.state, 100, look), /2 here/);
    assert.match(titleRow(driven.press('tab').state, 100, look), /4 here/);
    driven.taken();
    driven.press('W');
    assert.deepEqual(driven.taken(), [{ kind: 'list-people', where: second }]);
    driven.press('a');
    const [shown, ...rest] = driven.taken();
    assert.ok(shown?.kind === 'show-activity' && shown.where === second, 'to the second one alone');
    assert.deepEqual([shown.activity?.folder, rest], [pathFromText('pool'), []]);
  });

  test('each has its own chat: lines, unread ones and what is said', () => {
    const driven = beside();
    const line = { seq: 1, ms: 1, from: 'eve', own: false, text: 'bert, look', path: undefined, notes: [] };
    const news = { kind: 'lines', ref: '#crew', sealed: false, lines: [line], past: false } as const;
    driven.press('C').post({ kind: 'chat-joined', ref: '#lobby' });
    driven.taken();
    driven.post({ kind: 'engine', event: { kind: 'chat', news, where: second } });
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['notify'],
      'it is called by the name that one has there',
    );
    assert.equal(driven.state.dialog?.kind, 'chat');
    // A room of the same name as the one that is shown is not read by that.
    driven.post({ kind: 'engine', event: { kind: 'chat', news: { ...news, ref: '#lobby' }, where: second } });
    const theirs = driven.state.otherChats.get(second)?.rooms ?? [];
    assert.deepEqual(
      theirs.map(({ ref, unread }) => [ref, unread]),
      [
        ['#crew', 1],
        ['#lobby', 1],
      ],
    );
    driven.taken();
    assert.deepEqual(
      driven.state.chat.rooms.map(({ ref }) => ref),
      ['#lobby'],
    );
    driven.press('escape', 'tab', 'C');
    assert.deepEqual(
      driven.state.chat.rooms.map(({ ref, unread }) => [ref, unread]),
      [
        ['#crew', 0],
        ['#lobby', 1],
      ],
    );
    driven.taken();
    driven.press('h', 'i', 'enter');
    const said = driven.taken().find(({ kind }) => kind === 'chat-say');
    assert.deepEqual(said, { kind: 'chat-say', ref: '#crew', text: 'hi', path: undefined, where: second });
    driven.press('escape', 'tab', 'C');
    assert.deepEqual(
      driven.state.chat.rooms.map(({ ref }) => ref),
      ['#lobby'],
    );
    assert.equal(driven.state.otherChats.get(second)?.rooms.length, 2);
  });

  test('what changed on one is read again only where that one is shown', () => {
    const driven = beside();
    driven.taken();
    driven.post({
      kind: 'engine',
      event: { kind: 'changed', where: second, folder: pathFromText('share') },
    });
    driven.post({ kind: 'engine', event: { kind: 'changed', where: '', folder: pathFromText('pool') } });
    assert.deepEqual(driven.taken(), []);
    driven.post({ kind: 'engine', event: { kind: 'changed', where: second, folder: pathFromText('pool') } });
    assert.equal(driven.taken().length, 2);
  });
});

describe('one place in both panes', () => {
  test('the same server: it copies by itself, and nothing is queued', () => {
    const driven = new Driven().list('remote', folder('d'), file('a')).list('local');
    driven.press('tab', 'M-o').list('local', folder('d'));
    assert.equal(driven.state.local.where, first);
    driven.press('home', 'down', 'enter').list('local').press('tab');
    driven.taken();
    driven.press('home', 'down', 'down', 'f5');
    assert.deepEqual(driven.taken(), [
      {
        kind: 'graft',
        where: first,
        verb: 'copy',
        sources: [pathFromText('share/a')],
        bytes: 1000,
        to: pathFromText('share/d'),
        isInto: true,
        folder: pathFromText('share'),
      },
    ]);
    driven.press('tab', 'left').list('local', folder('d')).press('tab', 'f5');
    assert.match(notice(driven), /both panes show that folder/);
  });

  test('this machine on both sides, and back to the server where one was', () => {
    const driven = new Driven().list('remote', file('a')).list('local', file('mine'));
    driven.taken();
    driven.press('M-o');
    assert.deepEqual([driven.state.remote.where, driven.path()], ['', pathFromText('home')]);
    driven.list('remote', file('mine'));
    driven.press('home', 'down', 'f5');
    assert.match(notice(driven), /both panes show that folder/);
    driven.press('left').list('remote', folder('home'), file('x')).taken();
    driven.press('end', 'f5');
    const [cmd] = driven.taken();
    assert.deepEqual(cmd?.kind === 'graft' && [cmd.where, cmd.to], ['', pathFromText('home')]);
    driven.press('M-o');
    assert.deepEqual([driven.state.remote.where, driven.path()], [first, pathFromText('share')]);
  });

  test('a bookmark of the other place goes to the pane that shows it, or to this one', () => {
    const driven = new Driven().list('remote', file('a')).list('local', folder('x'));
    driven.press('b', 'tab', 'home', 'down', 'enter').list('local').press('M-o').list('local');
    driven.press("'");
    driven.press('s', 'e', 'r', 'v', 'enter');
    assert.deepEqual([driven.state.focus, driven.state.local.where], ['local', first]);
  });
});
