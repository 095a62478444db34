/** Tabs, by value. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathFromText } from '@ferry/protocol';
import { mostTabs, tabNames } from '@ferry/tui/state/tabs';
import { randomFrom, runs, seed } from '../../support/random.ts';
import { Driven, file, folder } from '../support/drive.ts';

const names = (driven: Driven): string[] =>
  tabNames(driven.state).map(({ text, isHere }) => (isHere ? `[${text}]` : text));

test('a new tab begins where one is, goes its own way, and comes back as it was left', () => {
  const driven = new Driven().list('remote', folder('a'), file('b')).list('local', file('x'));
  assert.deepEqual(names(driven), []);
  driven.press('down', 'down', 'space', 'C-t').taken();
  driven.list('remote', folder('a'), file('b')).list('local', file('x'));
  driven.press('home', 'down', 'enter').list('remote', file('inside')).press('tab');
  assert.deepEqual(names(driven), ['1 share', '[2 home]']);
  driven.taken();
  driven.press('[');
  assert.deepEqual(
    driven.taken().map((cmd) => cmd.kind),
    ['watch', 'list', 'space', 'list', 'space'],
  );
  assert.deepEqual(
    [driven.path(), driven.state.focus, names(driven)],
    [pathFromText('share'), 'remote', ['[1 share]', '2 home']],
  );
  // What was marked is; what has come meanwhile shows.
  driven.list('remote', folder('a'), file('b'), file('c'));
  assert.deepEqual([[...driven.state.remote.marks], driven.names()], [['b'], ['a', 'b', 'c']]);
  driven.press(']');
  assert.deepEqual([driven.path(), driven.state.focus], [pathFromText('share/a'), 'local']);
  driven.press('C-w');
  assert.deepEqual([driven.path(), names(driven)], [pathFromText('share'), []]);
  driven.press('C-w');
  assert.equal(driven.state.notice?.text, 'the last tab stays');
});

test('what a listing of another tab still brings is ignored', () => {
  const driven = new Driven().list('remote', folder('a')).list('local').press('down', 'enter');
  const late = driven.state.remote.request;
  driven.press('C-t').list('remote', file('fresh'));
  driven.post({ kind: 'page', side: 'remote', request: late, entries: [file('late')] });
  assert.deepEqual(driven.names(), ['fresh']);
});

test('going round in tabs keeps their number and order, and ends where it began', () => {
  const random = randomFrom(seed);
  for (let i = 0; i < runs(50); i++) {
    const driven = new Driven().list('remote', folder('0')).list('local');
    const count = 2 + random(mostTabs - 1);
    for (let n = 1; n < count; n++) {
      driven
        .press('C-t')
        .list('remote', folder(String(n)))
        .press('end', 'enter')
        .list('remote', folder(String(n)));
    }
    const places = (): string => JSON.stringify([...tabNames(driven.state)].map(({ text }) => text));
    const before = [places(), JSON.stringify(driven.path())];
    const turns = random(20);
    for (let n = 0; n < turns; n++) driven.press(']');
    for (let n = 0; n < turns; n++) driven.press('[');
    assert.deepEqual([places(), JSON.stringify(driven.path())], before, String(seed));
    for (let n = 0; n < count; n++) driven.press(random(2) === 0 ? ']' : '[');
    assert.equal(tabNames(driven.state).length, count);
    for (let n = 0; n < 20; n++) driven.press('C-t');
    assert.equal(tabNames(driven.state).length, mostTabs);
    for (let n = 0; n < 20; n++) driven.press('C-w');
    assert.equal(tabNames(driven.state).length, 0);
  }
});
