/** Keys by value: how they are written, presets, the user's file, chords, Esc and a digit. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { footerOf } from '@ferry/tui/keymap/footer';
import { keyName, parseKey } from '@ferry/tui/keymap/key-name';
import { bindings, type Layer } from '@ferry/tui/keymap/keymap';
import { presetNames } from '@ferry/tui/keymap/presets';
import { type KeyWishes, lookUp, parseKeysFile, resolveKeys } from '@ferry/tui/keymap/resolve';
import { Driven, file, job, jobs } from '../support/drive.ts';

const layers = Object.keys(bindings) as Layer[];

describe('how keys are written', () => {
  test('every key of every preset is read back as itself', () => {
    for (const preset of presetNames)
      for (const layer of layers)
        for (const key of resolveKeys(preset).keymap[layer].byKey.keys())
          assert.equal(parseKey(keyName(key)), key, `${preset} ${layer} ${key} ${keyName(key)}`);
  });

  test('as people write them', () => {
    const pairs = [
      ['F5', 'f5'],
      ['ctrl+r', 'C-r'],
      ['Shift+F6', 'S-f6'],
      ['Alt+Left', 'M-left'],
      ['Ctrl+Shift+Up', 'C-S-up'],
      ['g g', 'g g'],
      ['Ctrl+X  d', 'C-x d'],
      ['+', '+'],
      ['Ctrl++', 'C-+'],
      ['G', 'G'],
      ['Space', 'space'],
      ['Escape', 'escape'],
      ['ü', 'ü'],
    ];
    for (const [text = '', key] of pairs) assert.equal(parseKey(text), key, text);
    for (const text of ['', 'Hyper+a', 'F21', 'Ctrl+Ctrl+a', 'Shift+a', 'nonsense', 'Ctrl+', '\x1b'])
      assert.equal(parseKey(text), undefined, text);
  });
});

describe('presets and the user’s own keys', () => {
  test('every preset is whole: no key means two things, none is the beginning of another', () => {
    for (const preset of presetNames) {
      const { keymap, problems } = resolveKeys(preset);
      assert.deepEqual(problems, []);
      for (const layer of layers) {
        const { byKey, bindings: list, prefixes } = keymap[layer];
        for (const { action, keys } of list) assert.ok(keys.length > 0, `${preset} ${layer} ${action}`);
        assert.equal(byKey.size, list.flatMap(({ keys }) => keys).length, `${preset} ${layer}`);
        for (const prefix of prefixes) assert.ok(!byKey.has(prefix), `${preset} ${layer} ${prefix}`);
        assert.equal(new Set(list.map(({ action }) => action)).size, list.length, `${preset} ${layer}`);
      }
    }
  });

  test('in every preset F1 lists all actions, Esc and Enter close what is to be read, and Tab is not lost', () => {
    for (const preset of presetNames) {
      const { keymap } = resolveKeys(preset);
      assert.equal(lookUp(keymap, 'pane', 'f1')?.action, 'help');
      assert.equal(lookUp(keymap, 'queue', 'f1')?.action, 'help');
      assert.equal(lookUp(keymap, 'pane', 'tab')?.action, 'switch');
      for (const layer of ['question', 'conflict', 'prompt', 'palette', 'reading'] as const)
        assert.equal(lookUp(keymap, layer, 'escape')?.action, 'no', `${preset} ${layer}`);
    }
  });

  test('no letter alone deletes or overwrites files, in any preset', () => {
    for (const preset of presetNames) {
      const { byKey } = resolveKeys(preset).keymap.pane;
      for (const [key, { action }] of byKey)
        if (action === 'delete') assert.ok([...key].length > 1, `${preset} ${key}`);
    }
  });

  test('habits: vim walks with letters, termscp copies with Space, desktop with Ctrl+C', () => {
    const action = (preset: 'vim' | 'termscp' | 'desktop', key: string): string | undefined =>
      lookUp(resolveKeys(preset).keymap, 'pane', key)?.action;
    assert.deepEqual(
      ['j', 'k', 'h', 'l', 'g g', 'G', 'd d', 'y y'].map((key) => action('vim', key)),
      ['down', 'up', 'parent', 'open', 'first', 'last', 'delete', 'copy'],
    );
    assert.deepEqual(
      ['space', 'm', 'u', 'left', 'd'].map((key) => action('termscp', key)),
      ['copy', 'mark', 'parent', 'switch', 'mkdir'],
    );
    assert.deepEqual(
      ['C-c', 'C-q', 'M-up'].map((key) => action('desktop', key)),
      ['copy', 'quit', 'parent'],
    );
  });

  const keysOf = (text: string): ReturnType<typeof resolveKeys> => {
    const { preset, wishes, problems } = parseKeysFile(text);
    const resolved = resolveKeys(preset ?? 'mc', wishes);
    return { keymap: resolved.keymap, problems: [...problems, ...resolved.problems] };
  };

  test('a file takes keys from actions and gives them to others', () => {
    const { keymap, problems } = keysOf(
      '{"preset": "vim", "pane": {"copy": ["F5", "Ctrl+Y"], "mkdir": "y", "copy-path": "Ctrl+G", "redraw": []}}',
    );
    assert.deepEqual(problems, []);
    assert.equal(lookUp(keymap, 'pane', 'C-y')?.action, 'copy');
    assert.equal(lookUp(keymap, 'pane', 'y')?.action, 'mkdir');
    assert.equal(lookUp(keymap, 'pane', 'C-l'), undefined);
    assert.equal(lookUp(keymap, 'pane', 'j')?.action, 'down');
    assert.ok(![...keymap.pane.prefixes].includes('y'));
  });

  test('what is wrong is said in words, and the rest holds', () => {
    const said = (text: string): readonly string[] => keysOf(text).problems;
    assert.deepEqual(said('{"pane": {"copy": ["F11"], "mkdir": ["F11"]}}'), [
      'pane: F11 is for copy already, so mkdir does not get it',
    ]);
    assert.deepEqual(said('{"pane": {"copy": ["x"], "mkdir": ["x y"]}}'), [
      'pane: x y and x (copy) begin alike, so mkdir does not get it',
    ]);
    assert.deepEqual(
      said('{"pane": {"fly": ["F6"], "copy": ["Hyper+1", 7]}, "preset": "emacs", "panel": {}}'),
      [
        'pane: there is no action fly',
        'pane: copy: Hyper+1 is no key',
        'pane: copy: 7 is no key',
        'there is no preset emacs: mc, vim, termscp, desktop',
        `panel is none of preset, escapeMs, ${layers.join(', ')}`,
      ],
    );
    assert.deepEqual(said('{"pane": {"copy": ["q", "F10", "Ctrl+C"]}}'), [
      'pane: quit has no key any more, as your keys took them all',
    ]);
    const broken = said('{"pane": \x1b[2J')[0] ?? '';
    assert.ok(broken.startsWith('it is not JSON: ') && !broken.includes('\x1b'));
    assert.deepEqual(said('{"escapeMs": -1}'), ['escapeMs is a number from 0 to 5000']);
    assert.equal(parseKeysFile('{"escapeMs": 250}').escapeMs, 250);
    assert.deepEqual(said('[]'), ['it must hold one object in braces']);
  });
});

describe('chords, and Esc with a digit', () => {
  const keymap = resolveKeys('vim').keymap;
  const vim = (): Driven =>
    new Driven('share', 'home', undefined, keymap).list('remote', file('a'), file('b'), file('c'));

  test('the first key waits for the next one; Esc and a wrong one end it', () => {
    const driven = vim().press('G');
    assert.equal(driven.at(), 'c');
    assert.deepEqual([driven.press('g').state.chord, driven.at()], ['g', 'c']);
    assert.deepEqual([driven.press('g').state.chord, driven.state.remote.cursor], ['', 0]);
    driven.press('space', 'space').press('g', 'escape');
    assert.deepEqual([driven.state.chord, driven.state.remote.marks.size], ['', 1]);
    driven.press('g', 'x');
    assert.equal(driven.state.notice?.text, 'g x does nothing here');
    assert.equal(driven.press('down').state.notice, undefined);
  });

  test('in a line that is typed, keys of chords are letters', () => {
    const driven = vim().press('f7', 'y', 'd', 'G', 'j');
    const { dialog } = driven.state;
    assert.ok(dialog?.kind === 'prompt');
    assert.equal(dialog.fields[0]?.text, 'ydGj');
  });

  test('Esc took the marks away before its digit came: Esc 5 copies what is marked', () => {
    const driven = new Driven().list('remote', file('a'), file('b')).list('local');
    driven.press('down', 'space', 'space').taken();
    driven.press('escape');
    assert.equal(driven.state.remote.marks.size, 0);
    driven.sinceMs = 100;
    driven.press('5');
    const [cmd] = driven.taken();
    assert.ok(cmd?.kind === 'submit');
    assert.equal(cmd.orders.length, 2);

    // Too late it is only a digit, and Alt with a digit is a function key at any time.
    driven.press('C-a');
    driven.sinceMs = 5000;
    driven.press('escape', '5');
    assert.deepEqual([driven.taken(), driven.state.remote.marks.size], [[], 0]);
    driven.press('M-7');
    assert.equal(driven.state.dialog?.kind, 'prompt');
  });

  test('Esc 0 is F10 also in the queue, whose digits are priorities', () => {
    const driven = jobs(new Driven(), job(1)).press('w', 'space');
    driven.sinceMs = 100;
    driven.press('escape', '0');
    assert.deepEqual([driven.state.dialog?.kind, driven.state.queue.marks.size], ['question', 0]);
  });
});

describe('the list of all actions', () => {
  test('typing narrows it, Enter does what the cursor is on', () => {
    const driven = new Driven().list('remote', file('a')).press('C-p');
    assert.equal(driven.state.dialog?.kind, 'palette');
    driven.press('m', 'k', 'd', 'enter');
    assert.equal(driven.state.dialog?.kind, 'prompt');
  });

  test('an action of the queue goes there first', () => {
    const driven = jobs(new Driven(), job(1, { phase: 'failed' })).press('f1');
    driven.press(...'retry all', 'enter').taken();
    driven
      .press('f1')
      .press(...'retry all')
      .taken();
    driven.press('enter');
    assert.equal(driven.state.focus, 'queue');
    assert.deepEqual(driven.taken(), [{ kind: 'act', action: 'retry', ids: [1] }]);
  });

  test('what does nothing now says why, and so does its key', () => {
    const driven = new Driven().list('remote', file('a'));
    const offline = { phase: 'connecting', attempt: 1 } as const;
    driven.post({ kind: 'engine', event: { kind: 'connection', status: offline } });
    driven.press('f7');
    assert.equal(driven.state.notice?.text, 'the server is not connected');
    driven.press('f1', ...'make a folder', 'enter');
    assert.deepEqual(
      [driven.state.dialog, driven.state.notice?.text],
      [undefined, 'the server is not connected'],
    );
    driven.press('f1', ...'no such thing', 'enter');
    assert.equal(driven.state.dialog?.kind, 'palette');
    assert.equal(driven.press('escape').state.dialog, undefined);
  });

  test('the footer leaves out what does nothing here', () => {
    const shown = (driven: Driven): string[] => footerOf(driven.state).map(({ action }) => action);
    const driven = new Driven().list('remote', file('a'));
    assert.ok(shown(driven).includes('mkdir'));
    const readOnly = { phase: 'online', address: '', user: 'a', readOnly: true, rttMs: 0 } as const;
    driven.post({ kind: 'engine', event: { kind: 'connection', status: readOnly } });
    assert.ok(!shown(driven).includes('mkdir') && shown(driven).includes('copy'));
    assert.ok(!shown(driven.press('w')).includes('cancel-job'));
  });
});

test('a key that does nothing says so, and what to press instead', () => {
  const driven = new Driven().list('remote', file('a'));
  assert.equal(
    driven.press('f11').state.notice?.text,
    'F11 does nothing here · F1 lists all that can be done',
  );
  assert.equal(driven.press('down').state.notice, undefined);
  assert.match(driven.press('w', '\u202e').state.notice?.text ?? '', /^\\u\{202e\} does nothing here/);
  // What is typed is no such key.
  assert.equal(driven.press('w', 'f1', 'f11').state.notice, undefined);
});

test('whatever a file of keys says, the browser starts', () => {
  const odd: readonly unknown[] = [
    null,
    1,
    'x',
    [],
    {},
    { pane: null },
    { pane: [] },
    { pane: { copy: null } },
  ];
  for (const value of [
    ...odd,
    { pane: { copy: [[]] } },
    { __proto__: { preset: 'vim' } },
    { preset: 'toString' },
  ]) {
    const { preset, wishes } = parseKeysFile(JSON.stringify(value));
    assert.ok(resolveKeys(preset ?? 'mc', wishes as KeyWishes).keymap.pane.byKey.size > 20);
  }
});
