/** Servers under names and those that were visited, and the names that ssh knows. */

import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SavedServers } from '@ferry/tui/client/saved-servers';
import { sshHosts } from '@ferry/tui/client/ssh-hosts';
import { withCode } from '../../support/code.ts';
import { scratchFolder } from '../../support/scratch.ts';

test('keeps names, visits and their order; the file is private', (t) => {
  const file = join(scratchFolder(t), 'ferry/servers.json');
  const saved = new SavedServers(file);
  assert.deepEqual(saved.all(), []);
  saved.visited('ferry://b:1', 2000);
  saved.visited('ferry://c:1', 3000);
  saved.save('work', 'ferry://b:1');
  saved.save('home', 'ferry://h:1');
  assert.deepEqual(
    saved.all().map(({ name, address, lastMs }) => [name, address, lastMs]),
    [
      ['home', 'ferry://h:1', undefined],
      ['work', 'ferry://b:1', 2000],
      ['', 'ferry://c:1', 3000],
    ],
  );
  saved.visited('ferry://h:1', 5000);
  assert.equal(saved.all()[0]?.lastMs, 5000);
  assert.throws(() => saved.save('work', 'ferry://other:1'), withCode('EXISTS'));
  saved.save('office', 'ferry://b:1');
  saved.remove('ferry://c:1');
  assert.deepEqual(
    saved.all().map(({ name }) => name),
    ['home', 'office'],
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
});

test('a name stands for its address, with another folder where one is given', (t) => {
  const saved = new SavedServers(join(scratchFolder(t), 'servers.json'));
  saved.save('pier', 'ferry://anna@b:1/film/raw');
  saved.visited('ferry://c:1', 1);
  for (const [text, address] of [
    ['pier', 'ferry://anna@b:1/film/raw'],
    ['pier:/other', 'ferry://anna@b:1/other'],
    ['pier:/', 'ferry://anna@b:1/'],
    ['pier:other', undefined],
    ['nobody', undefined],
    ['', undefined],
  ] as const) {
    assert.equal(saved.addressOf(text), address, text);
  }
});

test('forgets visits of long ago, and no name', (t) => {
  const saved = new SavedServers(join(scratchFolder(t), 'servers.json'));
  saved.save('kept', 'ferry://kept:1');
  for (let i = 1; i <= 30; i++) saved.visited(`ferry://h${i}:1`, i);
  const all = saved.all();
  assert.deepEqual(
    [all.length, all[0]?.name, all[1]?.address, all[15]?.address],
    [16, 'kept', 'ferry://h30:1', 'ferry://h16:1'],
  );
});

test('a damaged list is said, and left as it is', (t) => {
  const file = join(scratchFolder(t), 'servers.json');
  for (const text of [
    '{',
    '{}',
    '[1]',
    '[{"name":1,"address":"x"}]',
    '[{"name":"a","address":"b","lastMs":"x"}]',
  ]) {
    writeFileSync(file, text);
    const saved = new SavedServers(file);
    assert.throws(() => saved.all(), withCode('CONFIG'));
    assert.throws(() => saved.visited('ferry://a:1', 1), withCode('CONFIG'));
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('of an ssh configuration names and hosts are taken, and no patterns', () => {
  const config = [
    '# mine',
    'Host pier quay *.lan !no',
    '  HostName 10.0.0.5',
    '  User anna',
    'Host=backup',
    '\thostname = "backup.example.org"',
    'Host web?',
    '  HostName 1.1.1.1',
    'Host box',
    '  HostName %h.example.org',
    'Match host x',
    '  HostName 2.2.2.2',
    'Host bad$(name) -o',
    'Host pier',
    '  HostName 9.9.9.9',
  ].join('\n');
  assert.deepEqual(sshHosts(config), [
    { name: 'pier', host: '10.0.0.5' },
    { name: 'quay', host: '10.0.0.5' },
    { name: 'backup', host: 'backup.example.org' },
    { name: 'box', host: 'box.example.org' },
  ]);
  assert.deepEqual(sshHosts(''), []);
});
