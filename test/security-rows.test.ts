/**
 * What an attacker might try, row by row. Each row is proved by a test that carries its id in its name, or stands in the table
 * "Not covered" of docs/SECURITY.md with the reason. A row may be in both, where only a part of it is proved.
 */

import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rows: Readonly<Record<string, readonly string[]>> = {
  PATH: [
    '`..` in a request',
    'an absolute path',
    'a path that is not canonical',
    'NUL in a name',
    'encoded slashes and dots',
    'a backslash',
    'a symlink as the last name',
    'a symlink as a parent',
    'a parent that flips between folder and symlink',
    'a dangling symlink where something is written',
    'a loop of symlinks',
    'a hard link to the outside',
    'FIFOs, sockets, devices',
    'another file system below the root',
    'names at and over the longest',
    'paths at and over the longest and deepest',
    'names that are not UTF-8',
    'different names that look the same as text',
    'composed and decomposed spellings',
    'names that differ in case only, where case does not count',
    'names that Windows reserves',
    'newlines, dashes, quotes in names',
    'the names of our own partial files',
    'the root replaced while it is served',
    'a folder moved out of the root while it is used',
    'rename onto itself, below itself, elsewhere',
  ],
  PROT: [
    'a frame that announces 4 GiB',
    'a frame that never ends',
    'a byte now and then',
    'a frame cut off',
    'counts and lengths that lie',
    'nesting',
    'few bytes that become much memory',
    'extension types',
    'keys like __proto__',
    'fields missing, or too many',
    'fields of the wrong type',
    'bytes behind the end',
    'unknown kinds of messages',
    'the right message at the wrong time',
    'a request id in use',
    'requests without end, answers not read',
    'a download that is not read',
    'connections that say nothing',
    'other protocols on our port',
    'old TLS',
    'tiny frames without end',
    'a peer that is gone and did not say so',
    'a cut between request and answer',
    'another version of the protocol',
    'blocks outside of what was agreed',
    'messages while a transfer takes the line',
    'a recorded connection played again',
    'handles of another session',
    'many frames in one piece',
    'a compression bomb',
  ],
  AUTH: [
    'guessing from one address',
    'guessing one account from many addresses',
    'guessing many accounts from one address',
    'locking the owner out',
    'telling accounts apart by the answer',
    'telling accounts apart by time',
    'odd passwords',
    'logins without end',
    'an invite used twice',
    'a crash while an invite is redeemed',
    'an invite expired, cut off, or of another server',
    'an invite played for more rights',
    'a forged ticket',
    'a ticket played again',
    'keys of tickets that change',
    'an impostor with another key',
    'an impostor at first contact',
    'a resumed TLS session that hides the key',
    'a server that offers less than we demand',
    'known servers: damaged, or written by two',
    'a certificate or key that was renewed',
    'an account revoked while it is used',
    'rights or password changed while it is used',
    'a disabled account on another way in',
    'a clock that jumps',
    'secrets that others on the machine can see',
    'guessable ids',
  ],
  AUTZ: [
    'a reader tries every verb that changes something',
    'an uploader lists, reads, overwrites',
    'what belongs to somebody else',
    'a quota',
    'rights taken away during an upload',
    'moving between places with different rights',
    'administration by others',
    'a share narrowed while it is used',
    'answers that reveal the server’s own paths',
    'who sees whom',
  ],
  TERM: [
    'escape sequences',
    '8-bit control characters',
    'colours',
    'markup of the screen library',
    'text that runs the other way',
    'characters that are not seen',
    'marks piled up, letters unassigned or private',
    'wide characters',
    'characters that move the cursor',
    'texts without end',
    'every place where foreign text is shown',
    'names that look like ours',
    'letters that look like others',
    'output of commands and logs',
    'the terminal after the end, however it came',
    'terminals of every size and kind',
    'pasting',
    'copying a name',
  ],
  RES: [
    'ten thousand idle sessions',
    'one connection too many',
    'no descriptors left',
    'a folder with a million entries',
    'folders ten thousand deep',
    'a thousand transfers that stand still',
    'a queue of a million jobs',
    'chat without end',
    'log lines that are forged',
    'log lines without end',
    'requests that cost much to serve',
    'thousands of tiny files',
    'little memory',
    'tables of addresses that fill up',
    'days of work',
    'a slow disk',
  ],
  CLNT: [
    'a server that lists impossible names',
    'a server that sends another file than asked for',
    'a server that makes us write through a link',
    'a server that overwrites what is precious',
    'a server that never answers, or without end',
    'a server that lies about content',
    'a server that sends odd permissions, times, sizes',
    'a server that asks for secrets',
    'a server that gives orders',
  ],
  CHAT: [
    'a message that is sent again',
    'one who floods',
    'one who does not read',
    'a thread of the server that dies while people talk',
    'a line that breaks while one talks',
    'a history that is damaged, or lost',
    'rooms and people of another folder',
    'a path that its reader may not know of',
    'a server that reads what is sealed',
    'a server that changes what is sealed, or gives it to another sender',
    'a server that repeats, moves or keeps back what is sealed',
    'a wrong passphrase',
    'a server that says of a sealed room that it is open',
    'words that look like those of ferry itself',
  ],
};

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const page = readFileSync(join(root, 'docs/SECURITY.md'), 'utf8');

const ids: readonly string[] = Object.entries(rows).flatMap(([part, titles]) =>
  titles.map((_, i) => idOf(part, i + 1)),
);

function idOf(part: string, number: number): string {
  return `${part}-${String(number).padStart(2, '0')}`;
}

/** All ids in a text; `TERM-01…09` means all of them. */
function idsIn(text: string): string[] {
  return [...text.matchAll(/\b([A-Z]+)-(\d\d)(?:…(\d\d))?/g)].flatMap(([, part = '', first, last]) => {
    const from = Number(first);
    const to = Number(last ?? first);
    return Array.from({ length: to - from + 1 }, (_, i) => idOf(part, from + i));
  });
}

/** Ids in names of tests: of the texts that `test`, `it` and `describe` begin with, nothing else in the file. */
function provedIds(): Set<string> {
  const files = globSync('test/**/*.{test,suite}.ts', { cwd: root }).filter(
    (file) => !file.includes('node_modules') && !file.endsWith('security-rows.test.ts'),
  );
  const call = /\b(?:test|it|describe)\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g;
  const names = files.flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(call)]);
  return new Set(names.flatMap(([, , name = '']) => idsIn(name)));
}

/** The rows of the table "Not covered", each with its reason. */
function excused(): Map<string, string> {
  const table = page.split(/^## /m).find((section) => section.startsWith('Not covered')) ?? '';
  const lines = [...table.matchAll(/^\| ([A-Z]+-\d\d) \| (.*) \|$/gm)];
  return new Map(lines.map(([, id = '', why = '']) => [id, why]));
}

test('every row is proved by a test, or the page says why not', (t) => {
  const proved = provedIds();
  const known = excused();
  const open = ids.filter((id) => !proved.has(id) && !known.has(id));
  assert.deepEqual(open, []);
  t.diagnostic(
    `count: ${ids.length} rows, ${ids.filter((id) => proved.has(id)).length} with tests, ${known.size} with a reason`,
  );
});

test('the page excuses nothing that is no row, and gives a reason for each', () => {
  const known = excused();
  assert.deepEqual(
    [...known.keys()].filter((id) => !ids.includes(id)),
    [],
  );
  for (const [id, why] of known) assert.ok(why.length > 10, `${id} has no reason`);
});

test('names of tests carry no id that is none', () => {
  const parts = new Set(Object.keys(rows));
  const wrong = [...provedIds()].filter((id) => parts.has(id.slice(0, -3)) && !ids.includes(id));
  assert.deepEqual(wrong, []);
});
