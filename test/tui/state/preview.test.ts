/** The preview: follows the cursor, reads only the head, and lets go of what is passed by. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import { Driven, file, folder, link } from '../support/drive.ts';

const peeks = (driven: Driven) =>
  driven
    .taken()
    .filter(({ kind }) => kind === 'peek' || kind === 'stop')
    .map((cmd) => (cmd.kind === 'peek' ? cmd.path.join('/') : cmd.kind));

function previewing(): Driven {
  const driven = new Driven().list('remote', folder('d'), file('f'), link('l')).list('local', file('own'));
  driven.taken();
  driven.press('down', 'p');
  return driven;
}

const seen = (text: string) =>
  ({
    kind: 'file',
    facts: { ...file('f', text.length), identity: '1' },
    content: Buffer.from(text),
  }) as const;

describe('the preview', () => {
  test('follows the cursor and stops what is passed by', () => {
    const driven = previewing();
    assert.deepEqual(peeks(driven), ['share/d']);
    driven.press('down');
    assert.deepEqual(peeks(driven), ['stop', 'share/f']);
    const request = driven.state.preview?.request ?? 0;
    const shown = () => driven.state.preview?.seen?.kind;
    driven.post({ kind: 'peeked', request: request - 1, seen: seen('late') });
    assert.equal(shown(), undefined);
    driven.post({ kind: 'peeked', request, seen: seen('head') });
    assert.equal(shown(), 'file');
    driven.post({ kind: 'peeked', request, seen: seen('head once more') });
    // What was answered needs no stopping; a link of the server is not read.
    driven.press('down');
    assert.deepEqual(peeks(driven), []);
    driven.post({ kind: 'peeked', request: 0, seen: seen('of nobody') });
    assert.equal(shown(), undefined);
    driven.press('home');
    assert.deepEqual(peeks(driven), []);
    assert.equal(driven.state.preview?.entry, undefined);
  });

  test('goes to the other side with the focus, and away', () => {
    const driven = previewing();
    driven.taken();
    driven.press('tab');
    assert.equal(driven.state.preview?.side, 'local');
    driven.press('down');
    assert.deepEqual(peeks(driven), ['stop', 'home/own']);
    driven.press('p');
    assert.deepEqual(peeks(driven), ['stop']);
    driven.press('up', 'down');
    assert.deepEqual([peeks(driven), driven.state.preview], [[], undefined]);
  });

  test('a refresh reads the same file again without taking away what is shown', () => {
    const driven = previewing().press('down');
    driven.post({ kind: 'peeked', request: driven.state.preview?.request ?? 0, seen: seen('head') });
    driven.taken();
    driven.press('C-r').list('remote', folder('d'), file('f', 7), link('l'));
    assert.deepEqual(peeks(driven), ['share/f']);
    driven.press('C-r').list('remote', folder('d'), file('f', 7), link('l'));
    assert.deepEqual(peeks(driven), ['stop', 'share/f'], 'also where nothing of its row is different');
    assert.equal(driven.state.preview?.seen?.kind, 'file');
  });

  test('says why something cannot be read', () => {
    const driven = previewing();
    const error = toWireError(new FerryError(Code.FORBIDDEN, 'the file system does not permit that'));
    driven.post({ kind: 'unpeeked', request: driven.state.preview?.request ?? 0, error });
    assert.match(driven.state.preview?.error ?? '', /does not permit/);
    assert.deepEqual(driven.path(), pathFromText('share'));
  });
});
