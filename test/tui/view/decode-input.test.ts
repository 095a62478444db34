/** What terminals send, by value; whole, and in every two pieces. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InputDecoder, type InputEvent, pasteCharacters } from '@ferry/tui/view/decode-input';
import { randomFrom, runs, seed } from '../../support/random.ts';

function all(...chunks: readonly string[]): InputEvent[] {
  const decoder = new InputDecoder();
  return [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.flush()];
}

const keys = (...chunks: readonly string[]): string[] =>
  all(...chunks).map((event) => (event.kind === 'key' ? event.key : event.kind));

/** As xterm, the Linux console, rxvt and putty send them. */
const sent: readonly (readonly [string, string])[] = [
  ['\x1b[A', 'up'],
  ['\x1bOA', 'up'],
  ['\x1b[1;2B', 'S-down'],
  ['\x1b[1;5C', 'C-right'],
  ['\x1b[1;3D', 'M-left'],
  ['\x1b[1;6A', 'C-S-up'],
  ['\x1b[a', 'nothing'],
  ['\x1b[H', 'home'],
  ['\x1b[4~', 'end'],
  ['\x1b[5~', 'pageup'],
  ['\x1b[6;2~', 'S-pagedown'],
  ['\x1bOP', 'f1'],
  ['\x1b[[E', 'f5'],
  ['\x1b[15~', 'f5'],
  ['\x1b[15;2~', 'S-f5'],
  ['\x1b[1;2R', 'S-f3'],
  ['\x1b[3$', 'S-delete'],
  ['\x1b[2^', 'C-insert'],
  ['\x1b[Z', 'S-tab'],
  ['\x1b', 'escape'],
  ['\x1b5', 'M-5'],
  ['\x1b.', 'M-.'],
  ['\x1bi', 'M-i'],
  ['\x1bI', 'M-S-i'],
  ['\x1b\x1b[D', 'M-left'],
  ['\x1b\x7f', 'M-backspace'],
  ['\x7f', 'backspace'],
  ['\r', 'enter'],
  ['\t', 'tab'],
  [' ', 'space'],
  ['\x00', 'C-space'],
  ['\x13', 'C-s'],
  ['\x1c', 'C-\\'],
  ['a', 'a'],
  ['G', 'G'],
  ['ü', 'ü'],
  ['🚢', '🚢'],
];

describe('keys', () => {
  test('have one name, however the terminal says them', () => {
    for (const [bytes, key] of sent)
      assert.deepEqual(keys(bytes), key === 'nothing' ? [] : [key], JSON.stringify(bytes));
  });

  test('a sequence that came in two pieces was taken for Esc and letters: pieces wait for each other', () => {
    for (const [bytes, key] of sent)
      for (let cut = 1; cut < bytes.length; cut++) {
        if (bytes.charCodeAt(cut) >= 0xdc00) continue;
        const pieces = [bytes.slice(0, cut), bytes.slice(cut)];
        // Alt comes in one piece: what comes later was pressed later.
        const isAlt = bytes.startsWith('\x1b') && cut === 1 && !/^[[O]/.test(pieces[1] ?? '');
        if (isAlt) assert.equal(keys(...pieces)[0], 'escape', JSON.stringify(pieces));
        else assert.deepEqual(keys(...pieces), key === 'nothing' ? [] : [key], JSON.stringify(pieces));
      }
  });

  test('many at once keep their order; Esc twice is Esc twice', () => {
    assert.deepEqual(keys('\x1b[Aab\x1b[15~\x1b'), ['up', 'a', 'b', 'f5', 'escape']);
    assert.deepEqual(keys('\x1b\x1b'), ['escape', 'escape']);
    assert.deepEqual(keys('\x1b\x1b5'), ['escape', 'M-5']);
  });

  test('characters that draw nothing or turn the line round type nothing', () => {
    assert.deepEqual(all('\u202e\u200b\u009b'), []);
  });
});

describe('mouse and paste', () => {
  test('buttons, drags and the wheel, counted from nought', () => {
    const what = (text: string): unknown => all(text)[0];
    assert.deepEqual(what('\x1b[<0;1;1M'), { kind: 'mouse', what: 'press', x: 0, y: 0 });
    assert.deepEqual(what('\x1b[<2;300;40M'), { kind: 'mouse', what: 'right-press', x: 299, y: 39 });
    assert.deepEqual(what('\x1b[<32;7;8M'), { kind: 'mouse', what: 'drag', x: 6, y: 7 });
    assert.deepEqual(what('\x1b[<0;7;8m'), { kind: 'mouse', what: 'release', x: 6, y: 7 });
    assert.deepEqual(what('\x1b[<64;7;8M'), { kind: 'mouse', what: 'wheel-up', x: 6, y: 7 });
    assert.deepEqual(what('\x1b[<65;7;8M'), { kind: 'mouse', what: 'wheel-down', x: 6, y: 7 });
    assert.deepEqual(all('\x1b[M !!a').length, 1);
  });

  test('what is pasted is text and never keys, also in pieces (TERM-17)', () => {
    const text = '\x1b[200~rm -rf\nq\x1b[A\x07 \u202ex\x1b[201~y';
    const wanted = [
      { kind: 'paste', text: 'rm -rf q[A x' },
      { kind: 'key', key: 'y', text: 'y' },
    ];
    for (let cut = 1; cut < text.length; cut++)
      assert.deepEqual(all(text.slice(0, cut), text.slice(cut)), wanted, String(cut));
  });

  test('a paste without end is cut, and no key until it ends', () => {
    const decoder = new InputDecoder();
    assert.deepEqual(decoder.push(`\x1b[200~${'a'.repeat(3 * pasteCharacters)}`), []);
    assert.deepEqual(decoder.flush(), []);
    const [event] = decoder.push('q\x1b[201~');
    assert.ok(event?.kind === 'paste' && event.text.length <= pasteCharacters);
  });
});

test('any bytes: ends, and says only names and clean text', () => {
  const random = randomFrom(seed);
  const alphabet = [
    '\x1b',
    '[',
    'O',
    '<',
    ';',
    '2',
    '0',
    '~',
    'M',
    'm',
    'A',
    'a',
    '\x00',
    '\x1b[200~',
    '🚢',
    '\u0301',
  ];
  for (let i = 0; i < runs(3000); i++) {
    const chunks = Array.from({ length: 1 + random(4) }, () =>
      Array.from({ length: random(8) }, () => alphabet[random(alphabet.length)]).join(''),
    );
    for (const event of all(...chunks)) {
      const text =
        event.kind === 'key' ? event.key + (event.text ?? '') : event.kind === 'paste' ? event.text : '';
      assert.ok(!/\p{Cc}/u.test(text), JSON.stringify([chunks, event]));
    }
  }
});

test('the name of the terminal is none of its keys, in one piece or in two', () => {
  const answer = '\x1bP>|kitty(0.32.2)\x1b\\';
  const wanted = [{ kind: 'name', text: 'kitty(0.32.2)' }];
  assert.deepEqual(all(answer), wanted);
  for (let at = 1; at < answer.length; at++) {
    assert.deepEqual(all(answer.slice(0, at), answer.slice(at)), wanted, `cut at ${at}`);
  }
  assert.deepEqual(keys(`a${answer}b`), ['a', 'name', 'b']);
  const slow = new InputDecoder();
  assert.deepEqual(
    [slow.push(answer.slice(0, 9)), slow.flush(), slow.push(answer.slice(9))],
    [[], [], wanted],
  );
  assert.deepEqual(keys(`\x1bP>|${'x'.repeat(300)}`, 'a'), ['a']);
  const can = '\x1b[?62;4;22c';
  const cell = '\x1b[6;20;10t';
  const told = [
    { kind: 'features', numbers: [62, 4, 22] },
    { kind: 'cell-size', width: 10, height: 20 },
  ];
  for (let at = 3; at < can.length; at++) {
    const late = new InputDecoder();
    const events = [late.push(can.slice(0, at)), late.flush(), late.push(can.slice(at) + cell)].flat();
    assert.deepEqual(events, told, `cut at ${at}`);
  }
  for (const odd of ['\x1b[6;0;10t', '\x1b[6;20;201t', '\x1b[8;24;80t', '\x1b[6t', '\x1b[6;x;1t'])
    assert.deepEqual(
      all(odd).filter(({ kind }) => kind === 'cell-size'),
      [],
    );
  assert.deepEqual(keys('\x1bP'), ['M-S-p']);
  assert.deepEqual(keys('\x1bPx'), ['M-S-p', 'x']);
});
