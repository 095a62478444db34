/** Clicks, wheel and drags, by value. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pathFromText } from '@ferry/protocol';
import { footerPlaces } from '@ferry/tui/keymap/footer';
import { layoutOf } from '@ferry/tui/state/state';
import type { MouseMsg } from '@ferry/tui/state/update-mouse';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder, job, jobs } from '../support/drive.ts';

/** 100×30: panes of 50 columns from row 1 on, names from row 3 on; `..` is the first. */
function open(): Driven {
  const driven = new Driven()
    .list('remote', folder('d'), file('a'), file('b'), file('c'))
    .list('local', file('x'), file('y'));
  return driven;
}

function mouse(driven: Driven, what: MouseMsg['what'], x: number, y: number, sinceMs = 5000): Driven {
  return driven.post({ kind: 'mouse', what, x, y, sinceMs });
}

describe('the mouse', () => {
  test('a click goes to the row and its pane, a second one opens it', () => {
    const driven = mouse(open(), 'press', 10, 6);
    assert.deepEqual([driven.at(), driven.state.focus], ['b', 'remote']);
    mouse(driven, 'press', 70, 5);
    assert.deepEqual([driven.at('local'), driven.state.focus, driven.at()], ['y', 'local', 'b']);
    mouse(driven, 'press', 10, 4, 100);
    assert.deepEqual([driven.at(), driven.path()], ['d', pathFromText('share')]);
    mouse(driven, 'press', 10, 4, 900);
    assert.deepEqual(driven.path(), pathFromText('share'));
    mouse(driven, 'press', 10, 4, 200);
    assert.deepEqual(driven.path(), pathFromText('share/d'));
  });

  test('below the last row only the pane is chosen; the right button marks', () => {
    const driven = mouse(open().press('end'), 'press', 70, 18);
    assert.deepEqual([driven.state.focus, driven.state.local.cursor], ['local', 0]);
    mouse(mouse(driven, 'right-press', 10, 5), 'right-press', 10, 3);
    assert.deepEqual([[...driven.state.remote.marks], driven.state.remote.cursor], [['a'], 0]);
  });

  test('the wheel walks in the pane under it, in the queue, and in a list', () => {
    const driven = jobs(open(), ...Array.from({ length: 20 }, (_, i) => job(i + 1)));
    mouse(mouse(driven, 'wheel-down', 70, 5), 'wheel-down', 10, 5);
    assert.deepEqual([driven.at('local'), driven.at(), driven.state.focus], ['y', 'b', 'remote']);
    const before = driven.state.queue.cursor;
    mouse(driven, 'wheel-up', 10, 25);
    assert.equal(driven.state.queue.cursor, Math.max(0, before - 3));
    mouse(driven, 'press', 10, 24);
    assert.equal(driven.state.focus, 'queue');
    mouse(driven.press('f1'), 'wheel-down', 10, 5);
    assert.ok(driven.state.dialog?.kind === 'palette' && driven.state.dialog.cursor === 1);
  });

  test('the border is dragged, within bounds, and where it is left is remembered', () => {
    const driven = open();
    driven.taken();
    mouse(mouse(driven, 'press', 50, 10), 'drag', 70, 12);
    assert.equal(layoutOf(driven.state).local?.left, 70);
    assert.deepEqual(driven.taken(), []);
    mouse(driven, 'drag', 99, 12);
    assert.equal(layoutOf(driven.state).local?.left, 80);
    mouse(driven, 'release', 99, 12);
    assert.equal(driven.taken()[0]?.kind, 'remember');
    mouse(driven, 'drag', 30, 12);
    assert.equal(layoutOf(driven.state).local?.left, 80);
  });

  test('a key in the footer is pressed by clicking it, also one of a dialog', () => {
    const click = (driven: Driven, action: string): Driven => {
      const place = footerPlaces(driven.state, 100).find((one) => one.action === action);
      assert.ok(place !== undefined, action);
      return mouse(driven, 'press', place.left + place.width - 1, 29);
    };
    const driven = open();
    driven.state = { ...driven.state, notice: undefined };
    click(driven, 'mkdir');
    assert.equal(driven.state.dialog?.kind, 'prompt');
    click(driven, 'no');
    assert.equal(driven.state.dialog, undefined);
  });

  test('when the mouse is the terminal’s, nothing happens', () => {
    const driven = open().press('M-m');
    const before = driven.state;
    for (const what of ['press', 'right-press', 'wheel-down', 'drag', 'release'] as const)
      mouse(driven, what, 10, 6);
    assert.equal(driven.state, before);
  });

  test('wherever it is clicked, the state stays sound', () => {
    const random = randomFrom(seed);
    const kinds = ['press', 'right-press', 'drag', 'release', 'wheel-up', 'wheel-down'] as const;
    const keys = ['f1', 'escape', 'C-u', 'z', 'w', 'tab', 'f7', "'", 'enter'];
    const driven = jobs(open(), job(1));
    for (let i = 0; i < runs(3000); i++) {
      mouse(driven, kinds[random(6)] ?? 'press', random(110), random(35), random(800));
      if (random(4) === 0) driven.press(keys[random(keys.length)] ?? 'escape');
      for (const side of ['remote', 'local'] as const) {
        const { cursor, rows, path } = driven.state[side];
        assert.ok(
          cursor >= 0 && cursor <= Math.max(0, rows.length - (path.length > 0 ? 0 : 1)),
          `seed ${seed}`,
        );
      }
    }
  });
});
