/** Editing files: what keys and answers make of the state, and that no way out loses what was edited. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, type Facts, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import type { EditCopy } from '@ferry/tui/engine/edits';
import type { EditCmd } from '@ferry/tui/state/edit';
import { Driven, file, folder, link } from '../support/drive.ts';

const facts = (identity: string): Facts => ({ ...file('f'), identity });
const copy: EditCopy = {
  copy: pathFromText('state/edits/1/f'),
  version: facts('begun'),
  digest: 'd',
};
const error = (code: Code) => toWireError(new FerryError(code, 'said why'));

function editing(): { driven: Driven; request: number } {
  const driven = new Driven().list('remote', file('f'), link('l')).list('local', file('own'));
  driven.taken();
  driven.press('down', 'f4');
  const fetch = driven.taken().find(({ kind }) => kind === 'fetch-copy');
  assert.ok(fetch?.kind === 'fetch-copy');
  assert.deepEqual(fetch.path, pathFromText('share/f'));
  return { driven, request: fetch.request };
}

/** Fetched, edited and changed: it is being saved. */
function saving(): { driven: Driven; request: number } {
  const { driven, request } = editing();
  driven.post({ kind: 'copy-fetched', request, copy });
  assert.deepEqual(driven.taken(), [{ kind: 'run-editor', request, file: copy.copy, copy }]);
  driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
  return { driven, request };
}

/** Saved in vain: the file is another. */
function asking(there: Facts | 'nothing' = facts('of another')): { driven: Driven; request: number } {
  const { driven, request } = saving();
  driven.taken();
  driven.post({
    kind: 'copy-unstored',
    request,
    error: error(Code.CONFLICT),
    there: there === 'nothing' ? undefined : there,
  });
  return { driven, request };
}

const dialogOf = ({ state }: Driven): string | undefined => state.dialog?.kind;
const notice = ({ state }: Driven): string => state.notice?.text ?? '';
const store = (cmds: readonly { kind: string }[]): (EditCmd & { kind: 'store-copy' }) | undefined =>
  cmds.find((cmd): cmd is EditCmd & { kind: 'store-copy' } => cmd.kind === 'store-copy');

describe('editing', () => {
  test('a file of the server is fetched, edited, and saved over the version it was read from', () => {
    const { driven, request } = saving();
    const path = pathFromText('share/f');
    assert.deepEqual(driven.taken(), [{ kind: 'store-copy', request, path, copy, replaces: copy.version }]);
    assert.match(notice(driven), /saving f/);
    driven.post({ kind: 'copy-stored', request, facts: facts('saved') });
    assert.deepEqual(driven.taken(), [{ kind: 'drop-copy', copy }]);
    assert.match(notice(driven), /f is saved/);
    assert.deepEqual(driven.state.edits, []);
  });

  test('what was not changed is not sent', () => {
    const { driven, request } = editing();
    driven.post({ kind: 'copy-fetched', request, copy });
    driven.taken();
    driven.post({ kind: 'editor-ended', request, isChanged: false, problem: undefined });
    assert.deepEqual(driven.taken(), [{ kind: 'leave-copy', copy }]);
    assert.match(notice(driven), /as it was/);
  });

  test('one’s own files are edited where they are', () => {
    const { driven } = editing();
    driven.press('escape', 'tab', 'down').taken();
    driven.press('e');
    const [cmd] = driven.taken();
    assert.ok(cmd?.kind === 'run-editor' && cmd.copy === undefined);
    assert.deepEqual(cmd.file, pathFromText('home/own'));
  });

  test('a fetch can be left, and what comes of it then is dropped', () => {
    const { driven, request } = editing();
    assert.equal(dialogOf(driven), 'busy');
    driven.press('escape');
    assert.deepEqual(driven.taken(), [{ kind: 'stop', request }]);
    driven.post({ kind: 'copy-fetched', request, copy });
    assert.deepEqual(driven.taken(), [{ kind: 'drop-copy', copy }]);
    assert.deepEqual([dialogOf(driven), driven.state.edits.length], [undefined, 0]);
  });

  test('a failed fetch says why', () => {
    const { driven, request } = editing();
    driven.post({ kind: 'copy-unfetched', request, error: error(Code.NOT_FOUND) });
    assert.equal(dialogOf(driven), undefined);
    assert.match(notice(driven), /said why/);
  });

  test('folders, links and what one may not change are not edited; a large file is asked about', () => {
    const driven = new Driven().list('remote', folder('d'), file('z', 4e9), link('l'));
    driven.taken();
    driven.press('down', 'f4');
    assert.match(notice(driven), /d is not a file/);
    driven.press('end', 'f4');
    assert.equal(dialogOf(driven), 'question');
    assert.equal(driven.press('n').taken().length, 0);
    driven.press('f4', 'y');
    assert.equal(driven.taken()[0]?.kind, 'fetch-copy');
    driven.press('escape', 'up', 'f4');
    assert.match(notice(driven), /l is not a file/);
  });

  test('when the file is another by now an answer has to be chosen; letters alone do nothing', () => {
    const { driven, request } = asking();
    assert.equal(dialogOf(driven), 'changed');
    driven.press('o');
    assert.deepEqual(driven.taken(), []);
    driven.press('enter');
    const cmd = store(driven.taken());
    assert.deepEqual(cmd?.replaces, facts('of another'));
    // It is another again.
    const there = facts('third');
    driven.post({ kind: 'copy-unstored', request, error: error(Code.CONFLICT), there });
    driven.press('enter');
    assert.match(notice(driven), /choose an answer/);
    driven.press('up', 'up', 'up', 'up', 'enter');
    assert.deepEqual(store(driven.taken())?.replaces, there);
  });

  test('one that is gone is put there again only while the name is free', () => {
    const { driven } = asking('nothing');
    driven.press('o', 'enter');
    const cmd = store(driven.taken());
    assert.deepEqual([cmd?.path, cmd?.copy, cmd?.replaces], [pathFromText('share/f'), copy, undefined]);
  });

  test('saves under another name, and asks again when that one is taken', () => {
    const { driven, request } = asking();
    driven.press('s', 'enter', '2', 'enter');
    const cmd = store(driven.taken());
    assert.deepEqual([cmd?.path, cmd?.replaces], [pathFromText('share/f2'), undefined]);
    driven.post({ kind: 'copy-unstored', request, error: error(Code.EXISTS), there: facts('other') });
    assert.equal(dialogOf(driven), 'changed');
    // A prompt that is left comes back to the question.
    driven.press('s', 'enter', 'escape');
    assert.equal(dialogOf(driven), 'changed');
  });

  test('shows the difference, and comes back', () => {
    const { driven, request } = asking();
    driven.press('d', 'enter');
    assert.deepEqual(driven.taken(), [
      { kind: 'compare-copy', request, path: pathFromText('share/f'), copy },
    ]);
    const lines = [{ kind: 'added', text: 'x' }] as const;
    driven.post({ kind: 'copy-compared', request, lines });
    assert.equal(dialogOf(driven), 'difference');
    assert.equal(dialogOf(driven.press('escape')), 'changed');
    driven.press('d', 'enter').post({ kind: 'copy-uncompared', request, error: error(Code.FORBIDDEN) });
    assert.equal(dialogOf(driven), 'changed');
    assert.match(notice(driven), /said why/);
    assert.equal(dialogOf(driven.press('d', 'enter', 'escape')), 'changed');
  });

  test('kept for later, its place is said and F4 goes on with it', () => {
    const { driven, request } = asking();
    driven.press('escape');
    assert.match(notice(driven), /kept as \/state\/edits\/1\/f/);
    assert.equal(dialogOf(driven), undefined);
    assert.deepEqual(driven.taken(), []);
    driven.press('f4');
    assert.equal(dialogOf(driven), 'question');
    driven.press('y');
    assert.deepEqual(driven.taken(), [{ kind: 'run-editor', request, file: copy.copy, copy }]);
    driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
    driven.taken();
    driven.post({ kind: 'copy-unstored', request, error: error(Code.CONFLICT), there: facts('x') });
    driven.press('escape', 'f4', 'n');
    assert.deepEqual(
      driven.taken().map(({ kind }) => kind),
      ['drop-copy', 'fetch-copy'],
    );
  });

  test('a failure keeps the copy and says where', () => {
    const { driven, request } = saving();
    driven.taken();
    driven.post({ kind: 'copy-unstored', request, error: error(Code.NO_SPACE), there: undefined });
    assert.match(notice(driven), /said why.*kept as \/state\/edits\/1\/f/);
    assert.deepEqual(driven.taken(), []);
    assert.equal(dialogOf(driven.press('f4')), 'question');
    driven.press('y');
    driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
    driven.post({ kind: 'copy-unstored', request, error: error(Code.NO_SPACE), there: undefined });
    driven.taken();
    driven.press('q');
    assert.equal(dialogOf(driven), 'question');
    assert.match(JSON.stringify(driven.state.dialog), /Yours stays as \/state\/edits\/1\/f/);
    assert.deepEqual(driven.press('y').taken(), [{ kind: 'quit' }]);
  });

  test('while the server is away the copy waits, which is said', () => {
    const { driven } = saving();
    const lost = { phase: 'offline', error: error(Code.CONNECTION_LOST), retryMs: 1, attempt: 1 } as const;
    driven.post({ kind: 'engine', event: { kind: 'connection', status: lost } });
    assert.match(notice(driven), /the server is away: \/state\/edits\/1\/f is kept/);
    driven.press('f4');
    assert.match(notice(driven), /not connected|being saved/);
  });

  test('the question does not come over another dialog or a file that is looked at', () => {
    const { driven, request } = saving();
    driven.press('f7');
    driven.post({ kind: 'copy-unstored', request, error: error(Code.CONFLICT), there: facts('x') });
    assert.equal(dialogOf(driven), 'prompt');
    assert.equal(dialogOf(driven.press('escape')), 'changed');
  });

  test('an editor that is not there is said, and nothing else happens', () => {
    const { driven, request } = editing();
    driven.post({ kind: 'copy-fetched', request, copy });
    driven.taken();
    const problem = 'there is no editor x' as NonNullable<Driven['state']['notice']>['text'];
    driven.post({ kind: 'editor-ended', request, isChanged: false, problem });
    assert.match(notice(driven), /no editor/);
    assert.deepEqual(driven.taken(), [{ kind: 'drop-copy', copy }]);
  });

  test('a copy that an earlier program left is said at the start', () => {
    const driven = new Driven();
    assert.ok(driven.taken().some(({ kind }) => kind === 'find-leftovers'));
    driven.post({ kind: 'leftovers', copies: [] });
    assert.doesNotMatch(notice(driven), /not saved/);
    driven.post({
      kind: 'leftovers',
      copies: [pathFromText('state/edits/1/f'), pathFromText('state/edits/2/g')],
    });
    assert.match(notice(driven), /not saved: \/state\/edits\/1\/f, and 1 more/);
  });
});
