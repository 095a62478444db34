/**
 * Every binding is pressed: as the bytes that a terminal sends for each of its keys, in a scene of its layer where it has something
 * to do. A new binding that does nothing in its layer's scene fails here until it gets a scene of its own.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Code, EntryKind, FerryError, pathFromText, toWireError } from '@ferry/protocol';
import { connectKeys } from '@ferry/tui/keymap/connect-keys';
import { type Action, bindings, type Layer, layerOf } from '@ferry/tui/keymap/keymap';
import { presetNames } from '@ferry/tui/keymap/presets';
import { resolveKeys } from '@ferry/tui/keymap/resolve';
import { connectState, updateConnect } from '@ferry/tui/state/connect';
import type { AppState } from '@ferry/tui/state/state';
import { decide } from '@ferry/tui/transfer/conflict';
import { InputDecoder } from '@ferry/tui/view/decode-input';
import { keyBytes } from '../../support/key-bytes.ts';
import { Driven, file, folder, job, jobs } from '../support/drive.ts';

/** What the terminal's bytes for a key, or for the keys of a chord, come to. */
function decoded(keys: string): { key: string; text: string | undefined }[] {
  return keys.split(' ').flatMap((key) => {
    const decoder = new InputDecoder();
    return [...decoder.push(keyBytes(key)), ...decoder.flush()].flatMap((event) =>
      event.kind === 'key' ? [{ key: event.key, text: event.text }] : [],
    );
  });
}

function pressed(driven: Driven, keys: string): Driven {
  for (const key of decoded(keys)) driven.post({ kind: 'key', ...key, sinceMs: 5000 });
  return driven;
}

const many = (count: number) =>
  Array.from({ length: count }, (_, i) => file(`f${String(i).padStart(2, '0')}`));
const facts = { ...file('f01'), identity: '1' };

/** In the middle of a long folder, with something behind, ahead, beside, marked, deleted and filtered. */
function inPane(): Driven {
  const driven = new Driven('share/deep', 'home/anna').list('local', folder('sub'), file('f01'));
  driven.list('remote', folder('sub'), ...many(60)).press('down', 'enter');
  driven.list('remote', folder('sub'), ...many(60)).press('down', 'enter');
  driven
    .list('remote', ...many(60))
    .press('M-left')
    .list('remote', folder('sub'), ...many(60));
  driven.post({
    kind: 'did',
    undo: { kind: 'deleted', where: '10.0.0.5:7377', folder: pathFromText('share/deep'), ids: ['1'] },
  });
  driven.press('C-t');
  driven.list('remote', folder('sub'), ...many(60)).press('home', 'pagedown', 'space', '>');
  return driven;
}

function inQueue(): Driven {
  const driven = inPane();
  const failed = { phase: 'failed', error: toWireError(new FerryError(Code.EXISTS, 'taken')) } as const;
  jobs(driven, ...Array.from({ length: 30 }, (_, i) => job(i + 1, i === 15 ? failed : {})));
  return driven.press('w', 'home', 'space', 'pagedown');
}

function inViewer(): Driven {
  const driven = inPane().press('end', 'f3');
  const { viewer } = driven.state;
  const content = Buffer.from('words on a line that is long, and find\n'.repeat(500));
  const answer = (): void => {
    const { reading } = driven.state.viewer ?? {};
    if (reading === undefined) return;
    const { request, piece } = reading;
    const bytes = content.subarray(piece.offset, piece.offset + piece.length);
    driven.post({
      kind: 'looked',
      request,
      offset: piece.offset,
      facts: { ...facts, size: content.length },
      content: bytes,
    });
  };
  assert.ok(viewer);
  answer();
  driven.press('pagedown', 'pagedown', 'w', 'right', '/', ...'find', 'enter');
  const { work } = driven.state.viewer ?? {};
  driven.post({ kind: 'worked', request: work?.request ?? 0, at: 38 * 200 });
  answer();
  return driven;
}

/** Of a picture, looked at closer already. */
function inPicture(): Driven {
  const driven = new Driven().list('remote', file('a.png')).press('home', 'down', 'f3');
  const rgba = new Uint8Array(40 * 40 * 4);
  const picture = { format: 'PNG', fullWidth: 40, fullHeight: 40, width: 40, height: 40, rgba } as const;
  const request = driven.state.viewer?.work?.request ?? 0;
  return driven.post({ kind: 'picture-shown', request, picture, facts }).press('+', '+');
}

function inConflict(): Driven {
  const decision = decide('ask', {
    job: 1,
    direction: 'download',
    sourcePath: pathFromText('share/a'),
    targetPath: pathFromText('home/a'),
    source: { kind: EntryKind.file, size: 200, modified: { s: 2000, ns: 0 } },
    target: { kind: EntryKind.file, size: 100, modified: { s: 1000, ns: 0 } },
  });
  assert.ok(decision.do === 'ask');
  return jobs(new Driven(), job(1, { question: decision.question })).press('n', 'tab');
}

function editing(): { driven: Driven; request: number } {
  const driven = new Driven().list('remote', file('f')).list('local');
  driven.taken();
  driven.press('down', 'f4');
  const fetch = driven.taken().find(({ kind }) => kind === 'fetch-copy');
  assert.ok(fetch?.kind === 'fetch-copy');
  return { driven, request: fetch.request };
}

function inChanged(): Driven {
  const { driven, request } = editing();
  const copy = { copy: pathFromText('edits/f'), version: facts, digest: 'd' };
  driven.post({ kind: 'copy-fetched', request, copy });
  driven.post({ kind: 'editor-ended', request, isChanged: true, problem: undefined });
  const error = toWireError(new FerryError(Code.CONFLICT, 'another'));
  driven.post({ kind: 'copy-unstored', request, error, there: { ...facts, identity: '2' } });
  return driven.press('d');
}

function inShares(): Driven {
  const driven = inPane().press('S', 'l');
  const rows = Array.from({ length: 30 }, (_, i) => ({
    id: `${i}`,
    kind: 'read' as const,
    paths: [pathFromText(`share/f${i}`)],
    pathCount: 1,
    sinceMs: 0,
    expiresMs: 1e12,
    downloads: undefined,
    verified: 0,
    devices: 0,
  }));
  return driven.post({ kind: 'shares', rows }).press('pagedown');
}

function inTrash(): Driven {
  const driven = inPane().press('U');
  const rows = Array.from({ length: 30 }, (_, i) => ({
    id: `${i}`,
    path: pathFromText(`share/f${i}`),
    kind: EntryKind.file,
    files: 1,
    bytes: 1,
    deletedMs: 0,
    isReplaced: true,
  }));
  return driven.post({ kind: 'trash', rows }).press('pagedown');
}

function inPeople(): Driven {
  const rows = Array.from({ length: 30 }, (_, i) => {
    const id = String(i).padStart(8, '0');
    return { id, user: `u${i}`, client: 'ferry', sinceMs: i, isSelf: i === 3, activity: undefined };
  });
  return inPane().press('W').post({ kind: 'people', rows }).press('pagedown');
}

function inShared(): Driven {
  const made = { id: '1', invite: 'ferry://share@host/#token', expiresMs: 1e12, isOnlyHere: false };
  return inPane().post({ kind: 'share-made', made }).press('pagedown');
}

function inChat(): Driven {
  const driven = inPane().post({
    kind: 'chat-rooms',
    rooms: ['#crew', '#deck', '#lobby'].map((ref) => ({ ref, sealed: false, lastMs: 1 })),
  });
  const said = { from: 'bert', own: false, text: 'hello', path: undefined, notes: [], ms: 1e12 };
  const lines = Array.from({ length: 40 }, (_, i) => ({ ...said, seq: i + 1 }));
  const news = { kind: 'lines', ref: '#crew', sealed: false, past: false, lines } as const;
  driven.post({ kind: 'engine', event: { kind: 'chat', news } });
  driven.press('C', ...'one', 'enter', ...'two', 'enter', 'C-p');
  return driven.post({ kind: 'typed', text: ' words' }).press('left', 'pageup', 'pageup');
}

const scenes: Readonly<Record<Layer, () => Driven>> = {
  pane: inPane,
  queue: inQueue,
  viewer: inViewer,
  filter: () => inPane().press('/', ...'f0', 'left', 'down', 'down'),
  jump: () => inPane().press('C-s', 'f'),
  question: () => inPane().press('f8'),
  conflict: inConflict,
  changed: inChanged,
  busy: () => editing().driven,
  prompt: () => inPane().press('F', ...'two words', 'down', ...'three words', 'left'),
  palette: () => inPane().press('f1', ...'the s', 'left', 'down', 'down'),
  chat: inChat,
  places: () => {
    const driven = inPane().press('b', "'");
    return driven.press('/', 's', 'h', 'left', 'down');
  },
  trash: inTrash,
  shares: inShares,
  shared: inShared,
  people: inPeople,
  reading: () => {
    const driven = new Driven('share', 'home', { columns: 60, rows: 12 });
    const failures = Array.from({ length: 40 }, (_, i) => ({
      source: pathFromText(`share/${i}`),
      error: toWireError(new FerryError(Code.EXISTS, 'taken')),
    }));
    return jobs(driven, job(1, { phase: 'failed', failures })).press('w', 'enter', 'pagedown');
  },
};

const toFailed = ['home', ...Array.from({ length: 15 }, () => 'down')];

/** What has nothing to do in the scene of its layer, and where it has. */
const scenesOf: Partial<Record<`${Layer} ${Action}`, () => Driven>> = {
  'pane edit': () => inPane().press('end'),
  'queue retry-job': () => inQueue().press('escape', ...toFailed),
  'queue overwrite-job': () => inQueue().press('escape', ...toFailed),
  'changed choose-difference': () => inChanged().press('s'),
  'conflict choose-newer': () => inConflict().press('o'),
  'viewer zoom-in': inPicture,
  'viewer zoom-out': inPicture,
  'viewer zoom-whole': inPicture,
  // Both sides show the server.
  'pane move': () => inPane().press('tab', 'M-o', 'tab'),
  'pane size': () => inPane().press('escape', 'home', 'down'),
};

/** All but what tells of the key itself. */
function seen({ notice, chord, beforeEscape, ...rest }: AppState): unknown {
  return { ...rest, notice: notice?.text };
}

describe('every binding is pressed', () => {
  for (const layer of Object.keys(bindings) as Layer[])
    test(`in the layer ${layer}, by each of its keys, and does what its first one does`, () => {
      for (const { action, keys } of bindings[layer]) {
        const scene = scenesOf[`${layer} ${action}`] ?? scenes[layer];
        const outcomes = keys.map((key) => {
          const driven = scene();
          assert.equal(layerOf(driven.state), layer, `the scene of ${action}`);
          driven.taken();
          const before = seen(driven.state);
          const refused = driven.state.keymap[layer].byAction.get(action)?.disabled?.(driven.state);
          assert.equal(refused, undefined, `${layer} ${action}`);
          const after = seen(pressed(driven, key).state);
          const cmds = driven.taken();
          const isSame = cmds.length === 0 && isDeepStrictEqual(before, after);
          assert.ok(!isSame, `${layer} ${action}: ${key} does nothing`);
          return [after, cmds];
        });
        for (const [i, outcome] of outcomes.entries())
          assert.deepEqual(outcome, outcomes[0], `${layer} ${action}: ${keys[i]} is not ${keys[0]}`);
      }
    });

  test('a terminal has bytes for every key of every preset, and they are read back as that key', () => {
    for (const preset of presetNames)
      for (const layer of Object.values(resolveKeys(preset).keymap))
        for (const keys of layer.byKey.keys())
          assert.deepEqual(
            decoded(keys).map(({ key }) => key),
            keys.split(' '),
            `${preset} ${keys}`,
          );
  });

  test('on the connect screen', () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({
      from: 'saved' as const,
      name: `a b${i}`,
      address: `ferry://h${i}`,
      lastMs: undefined,
      reach: { kind: 'unknown' } as const,
    }));
    let middle = connectState({ columns: 80, rows: 24 }, rows);
    for (const msg of [
      { kind: 'typed', text: 'a b' },
      { kind: 'action', action: 'left' },
      { kind: 'action', action: 'page-down' },
    ] as const)
      [middle] = updateConnect(middle, msg);
    for (const { action, keys } of connectKeys)
      for (const key of keys) {
        assert.deepEqual(
          decoded(key).map((one) => one.key),
          [key],
        );
        const [next, cmds] = updateConnect(middle, { kind: 'action', action });
        assert.ok(cmds.length > 0 || !isDeepStrictEqual(next, middle), `${action}: ${key} does nothing`);
      }
  });
});
