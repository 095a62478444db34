/** The connect screen: what keys and text make of it, and that nobody is trusted by a key pressed without reading. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Code, FerryError, toWireError } from '@ferry/protocol';
import { fingerprintFromHash } from '@ferry/protocol/session';
import { connectActionOf, connectFooter, connectKeys } from '@ferry/tui/keymap/connect-keys';
import {
  type ConnectCmd,
  type ConnectMsg,
  connectState,
  matchingRows,
  type ServerRow,
  updateConnect,
} from '@ferry/tui/state/connect';

const row = (name: string, address: string, from: ServerRow['from'] = 'saved'): ServerRow => ({
  from,
  name,
  address,
  lastMs: undefined,
  reach: { kind: 'unknown' },
});
const rows = [
  row('pier', 'ferry://10.0.0.5:7377'),
  row('quay', 'ferry://q:1'),
  row('ssh', 'ferry://s', 'ssh'),
];
const fingerprint = fingerprintFromHash(Buffer.alloc(32, 7));
const groups = fingerprint.split('-');

class Screen {
  state = connectState({ columns: 80, rows: 24 }, rows);
  #cmds: ConnectCmd[] = [];

  post(msg: ConnectMsg): this {
    const [next, cmds] = updateConnect(this.state, msg);
    this.state = next;
    this.#cmds.push(...cmds);
    return this;
  }

  /** Names of keys, or text to type. */
  press(...keys: readonly string[]): this {
    for (const key of keys) {
      const action = connectActionOf(key);
      this.post(action === undefined ? { kind: 'typed', text: key } : { kind: 'action', action });
    }
    return this;
  }

  taken(): ConnectCmd[] {
    return this.#cmds.splice(0);
  }

  asked(): this {
    this.press('ferry://new:1', 'enter').taken();
    return this.post({ kind: 'asked', where: 'new:1', fingerprint, hidden: [2, 9] });
  }
}

describe('the connect screen', () => {
  test('no key types a character: a pasted invite is text from its first letter on', () => {
    for (const { keys } of connectKeys) for (const key of keys) assert.ok(key.length > 1, key);
  });

  test('F1 lists every key that does something, and the footer those that do it now', () => {
    const footer = (screen: Screen): string =>
      connectFooter(screen.state)
        .map(({ label }) => label)
        .join(' ');
    const screen = new Screen();
    assert.equal(footer(screen), 'Help Connect Save Remove Look again Back Quit');
    screen.press('f1');
    assert.equal(screen.state.dialog?.kind, 'help');
    assert.equal(footer(screen), 'Back');
    assert.equal(screen.press('x', 'escape').state.dialog, undefined);
    assert.equal(screen.state.line.text, '', 'what is typed below it goes nowhere');
    for (const { label, help } of connectKeys) assert.equal(help === '', label === '');
    screen.press('f2');
    assert.equal(footer(screen), 'Back');
    screen.state = connectState({ columns: 80, rows: 24 }, []);
    assert.equal(footer(screen), 'Help Save Back Quit');
    assert.equal(footer(screen.press('ferry://h')), 'Help Connect Save Back Quit');
    assert.deepEqual(screen.taken(), []);
  });

  test('connects to the row under the cursor, or to what was typed or pasted', () => {
    const screen = new Screen();
    screen.press('down', 'enter');
    assert.deepEqual(screen.taken(), [{ kind: 'connect', address: 'ferry://q:1' }]);
    assert.equal(screen.state.connecting, 'ferry://q:1');
    screen.press('x', 'enter', 'escape');
    assert.deepEqual(screen.taken(), [{ kind: 'give-up' }]);
    screen.press("run: ferry 'ferry://h:1/#abc.def'", 'enter');
    assert.deepEqual(screen.taken(), [{ kind: 'connect', address: 'ferry://h:1/#abc.def' }]);
    screen.press('escape', 'C-u', 'nas.lan', 'enter');
    assert.deepEqual(screen.taken().at(-1), { kind: 'connect', address: 'ferry://nas.lan' });
  });

  test('typing narrows the list', () => {
    const screen = new Screen().press('down', 'down', 'P', 'ie');
    assert.deepEqual(
      matchingRows(screen.state).map(({ name }) => name),
      ['pier'],
    );
    screen.press('enter');
    assert.deepEqual(screen.taken(), [{ kind: 'connect', address: 'ferry://10.0.0.5:7377' }]);
    screen.press('escape', 'escape').taken();
    assert.equal(screen.state.line.text, '');
    assert.deepEqual(screen.press('escape').taken(), [{ kind: 'quit' }]);
  });

  test('saves under a name, and not an invite', () => {
    const screen = new Screen().press('f2', 'C-u', 'enter');
    assert.equal(screen.state.dialog?.kind === 'save' && screen.state.dialog.field, 0);
    screen.press('Pier 7', 'enter');
    assert.deepEqual(screen.taken(), [{ kind: 'save', name: 'Pier 7', address: 'ferry://10.0.0.5:7377' }]);
    screen.press('ferry://h:1/#abc.def', 'f2', 'name', 'enter');
    assert.match((screen.state.dialog?.kind === 'save' && screen.state.dialog.error) || '', /invite/);
    screen.press('C-u', 'not one', 'enter');
    assert.match(
      (screen.state.dialog?.kind === 'save' && screen.state.dialog.error) || '',
      /address such as/,
    );
    assert.deepEqual(screen.press('escape').taken(), []);
  });

  test('removes after a question; a suggestion is nothing to remove', () => {
    const screen = new Screen().press('f8', 'enter', 'escape');
    assert.deepEqual(screen.taken(), []);
    screen.press('f8', 'f8');
    assert.deepEqual(screen.taken(), [{ kind: 'remove', address: 'ferry://10.0.0.5:7377' }]);
    screen.press('down', 'down', 'f8');
    assert.equal(screen.state.dialog, undefined);
  });

  test('what is known of who answers comes to its row and stays', () => {
    const screen = new Screen();
    screen.post({ kind: 'reach', address: 'ferry://q:1', reach: { kind: 'answers', ms: 12 } });
    screen.post({ kind: 'rows', rows: rows.slice(1) });
    assert.deepEqual(screen.state.rows[0]?.reach, { kind: 'answers', ms: 12 });
  });
});

describe('a password', () => {
  const ask = (attempt = 1, user?: string): ConnectMsg => ({
    kind: 'ask-password',
    where: 'q:1',
    user,
    attempt,
  });

  test('is asked for with the account, where none was named, and sent once both are there', () => {
    const screen = new Screen().press('ferry://q:1', 'enter').post(ask());
    screen.taken();
    screen.press('enter');
    assert.match((screen.state.dialog?.kind === 'password' && screen.state.dialog.error) || '', /account/);
    screen.press('anna', 'enter', 'ahoy', 'enter');
    assert.deepEqual(screen.taken(), [{ kind: 'password', user: 'anna', password: 'ahoy' }]);
    assert.equal(screen.state.dialog, undefined);
    screen.post(ask(2, 'anna')).press('x', 'enter');
    assert.deepEqual(screen.taken(), [{ kind: 'password', user: 'anna', password: 'x' }]);
  });

  test('can be left, which gives up the connection', () => {
    const screen = new Screen().press('ferry://q:1', 'enter').post(ask(1, 'anna'));
    screen.taken();
    assert.deepEqual(screen.press('x', 'escape').taken(), [{ kind: 'give-up' }]);
    assert.deepEqual([screen.state.dialog, screen.state.connecting], [undefined, undefined]);
  });
});

describe('a first contact', () => {
  test('is accepted by the missing groups, however they are written', () => {
    const [third = '', tenth = ''] = [groups[2], groups[9]];
    for (const text of [`${third}${tenth}`, `${third}-${tenth}`, ` ${third.toUpperCase()} ${tenth} `]) {
      const screen = new Screen().asked().press(text, 'enter');
      assert.deepEqual(screen.taken(), [{ kind: 'answer', isTrusted: true }]);
    }
  });

  test('is accepted unseen only in words', () => {
    assert.deepEqual(new Screen().asked().press('trust unseen', 'enter').taken(), [
      { kind: 'answer', isTrusted: true },
    ]);
  });

  test('is accepted by nothing that one presses or types without reading', () => {
    for (const keys of [
      ['enter', 'enter', 'enter', 'enter'],
      ['y', 'enter'],
      ['yes', 'enter'],
      [groups[0] ?? '', 'enter'],
      [`${groups[9]}${groups[2]}`, 'enter'],
      [fingerprint, 'enter'],
      ['f2', 'f5', 'f8', 'tab', 'down'],
      ['escape'],
      ['C-c'],
    ]) {
      const cmds = new Screen()
        .asked()
        .press(...keys)
        .taken();
      assert.ok(!cmds.some((cmd) => cmd.kind === 'answer' && cmd.isTrusted), keys.join(' '));
    }
  });

  test('ends after three mistakes', () => {
    const screen = new Screen().asked().press('aaaa', 'enter', 'bbbb', 'enter');
    assert.equal(screen.state.dialog?.kind === 'first-contact' && screen.state.dialog.mistakes, 2);
    screen.press('cccc', 'enter');
    assert.deepEqual(screen.taken(), [{ kind: 'answer', isTrusted: false }]);
    assert.deepEqual([screen.state.dialog, screen.state.connecting], [undefined, undefined]);
    assert.match(screen.state.notice?.text ?? '', /nothing was connected/);
  });
});

describe('a changed identity', () => {
  test('stops everything: no key and no text goes on from there', () => {
    const screen = new Screen().press('enter');
    screen.taken();
    const error = toWireError(new FerryError(Code.PIN_MISMATCH, 'another\n  known  a\n  shown  b'));
    screen.post({ kind: 'failed', error });
    assert.equal(screen.state.dialog?.kind, 'stop');
    screen.press('enter', 'y', 'yes', 'enter', 'trust unseen', 'enter', 'f2', 'f5', 'f8', 'down', 'tab');
    assert.deepEqual([screen.state.dialog?.kind, screen.taken()], ['stop', []]);
    screen.press('escape');
    assert.deepEqual([screen.state.dialog, screen.state.connecting], [undefined, undefined]);
  });

  test('other failures are said below', () => {
    const screen = new Screen().press('enter');
    const error = toWireError(new FerryError(Code.CONNECT_FAILED, 'nothing answers there'));
    screen.post({ kind: 'failed', error });
    assert.match(screen.state.notice?.text ?? '', /nothing answers there \[CONNECT_FAILED\]/);
    assert.equal(screen.state.connecting, undefined);
  });
});
