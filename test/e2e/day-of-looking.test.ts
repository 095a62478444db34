/** A user's day, the part that looks into files: reading, searching, bytes, archives, the preview, one's own editor. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { aDay, lists } from './day.ts';

const numbered = (lines: number): string =>
  Array.from({ length: lines }, (_, i) => `line ${i + 1}${(i + 1) % 100 === 0 ? ' round' : ''}\n`).join('');
const long = `${'words and words '.repeat(20)}END OF IT\nnext\n`;

const tools = mkdtempSync(join(tmpdir(), 'ferry-e2e-editor-'));
after(() => rmSync(tools, { recursive: true, force: true }));
const editor = join(tools, 'editor');
// Upper case is the whole of what it can do.
writeFileSync(editor, '#!/bin/sh\ntr a-z A-Z < "$1" > "$1.new" && cat "$1.new" > "$1" && rm "$1.new"\n');
chmodSync(editor, 0o755);

aDay(
  'a day of looking',
  ({ story }) => {
    story(
      'reads a text: down, page by page, to the end and the beginning',
      { there: { 'log.txt': numbered(500) } },
      async ({ terminal }) => {
        terminal.press('End', 'F3');
        await terminal.shows(/^line 1 /m);
        terminal.press('Down', 'Down');
        await terminal.until('two rows down', (screen) =>
          (screen.split('\n')[1] ?? '').startsWith('line 3 '),
        );
        terminal.press('Up', 'Space');
        await terminal.lacks(/^line 3 /m);
        terminal.press('b');
        await terminal.shows(/^line 2 /m);
        terminal.press('G');
        await terminal.shows(/^line 500 /m);
        await terminal.shows('100 %');
        terminal.press('<');
        await terminal.shows(/^line 1 /m);
        terminal.press('F10');
        await lists(terminal, 'there', 'log.txt');
      },
    );

    story(
      'searches onward, on and back; hears when there is no more',
      { there: { 'log.txt': numbered(500) } },
      async ({ terminal }) => {
        terminal.press('End', 'F3', 'F7');
        await terminal.shows('Search');
        terminal.type('round');
        terminal.press('Enter');
        await terminal.shows('line 100 round');
        terminal.press('n');
        await terminal.shows('line 200 round');
        terminal.press('n');
        await terminal.shows('line 300 round');
        terminal.press('n');
        await terminal.shows('line 400 round');
        terminal.press('n');
        await terminal.shows('line 500 round');
        terminal.press('n');
        await terminal.shows('is not found any further');
        terminal.press('N');
        await terminal.shows('line 400 round');
        terminal.press('?');
        await terminal.shows('Search');
        terminal.press('C-u');
        terminal.type('line 7');
        terminal.press('Enter');
        await terminal.shows(/line 7\d* /);
        terminal.press('q');
        await lists(terminal, 'there', 'log.txt');
      },
    );

    story(
      'goes to a line, a share and a byte; what is none of them is said',
      { there: { 'log.txt': numbered(500) } },
      async ({ terminal }) => {
        terminal.press('End', 'F3', 'F5');
        await terminal.shows('Go to');
        terminal.type('250');
        terminal.press('Enter');
        await terminal.until('line 250', (screen) => (screen.split('\n')[1] ?? '').startsWith('line 250 '));
        terminal.press('g');
        await terminal.shows('Go to');
        terminal.press('C-u');
        terminal.type('half');
        terminal.press('Enter');
        await terminal.shows(/50%|share|line/);
        terminal.press('C-u');
        terminal.type('0%');
        terminal.press('Enter');
        await terminal.shows(/^line 1 /m);
        terminal.press(':');
        await terminal.shows('Go to');
        terminal.press('C-u');
        terminal.type('@700');
        terminal.press('Enter');
        await terminal.lacks(/^line 1 /m);
        terminal.press('F3');
        await lists(terminal, 'there', 'log.txt');
      },
    );

    story(
      'long lines go on in the next row, or are cut and gone along',
      { there: { 'long.txt': long } },
      async ({ terminal }) => {
        terminal.press('End', 'F3');
        await terminal.shows('END OF IT');
        terminal.press('w');
        await terminal.lacks('END OF IT');
        await terminal.shows('cut');
        terminal.press(...Array.from({ length: 40 }, () => 'Right'));
        await terminal.shows('END OF IT');
        terminal.press(...Array.from({ length: 40 }, () => 'Left'));
        await terminal.lacks('END OF IT');
        terminal.press('F2');
        await terminal.shows('END OF IT');
        terminal.press('q');
        await lists(terminal, 'there', 'long.txt');
      },
    );

    story(
      'shows bytes, finds some, and text again',
      { there: { 'data.bin': 'ferry\0\x01\x02 data' } },
      async ({ terminal }) => {
        terminal.press('End', 'F3');
        await terminal.shows('66 65 72 72 79 00 01 02');
        terminal.press('h');
        await terminal.shows('ferry');
        await terminal.lacks('66 65');
        terminal.press('F4');
        await terminal.shows('66 65 72 72 79');
        terminal.press('Escape');
        await lists(terminal, 'there', 'data.bin');
      },
    );

    story(
      'follows a log that grows, and reads a changed file again',
      { there: { 'app.log': 'started\n' } },
      async ({ terminal, there }) => {
        terminal.press('End', 'F3');
        await terminal.shows('started');
        terminal.press('F');
        await terminal.shows('follows');
        appendFileSync(join(there, 'app.log'), 'stopped\n');
        await terminal.shows('stopped');
        terminal.press('F');
        await terminal.lacks('follows');
        writeFileSync(join(there, 'app.log'), 'rotated\n');
        terminal.press('C-r');
        await terminal.shows('rotated');
        terminal.press('q');
        await lists(terminal, 'there', 'app.log');
      },
    );

    story(
      'an empty file, a folder and a link are each answered',
      { there: { 'a-folder/in': 1, empty: '' } },
      async ({ terminal, there }) => {
        symlinkSync('empty', join(there, 'link'));
        terminal.press('C-r');
        await lists(terminal, 'there', 'a-folder/', 'empty', 'link@');
        terminal.press('Home', 'Down', 'Down', 'F3');
        await terminal.shows('server: /story-7/empty');
        await terminal.shows('100 %');
        terminal.press('q');
        await lists(terminal, 'there', 'a-folder/', 'empty', 'link@');
        terminal.press('Up', 'F3');
        await lists(terminal, 'there', 'in');
        terminal.press('Left');
        await lists(terminal, 'there', 'a-folder/', 'empty', 'link@');
        terminal.press('End', 'Enter');
        await terminal.shows('links are not followed');
      },
    );

    story(
      'one’s own files are looked at the same way',
      { here: { 'mine.txt': 'my own words\n' } },
      async ({ terminal }) => {
        terminal.press('Tab', 'End', 'Enter');
        await terminal.shows('my own words');
        await terminal.shows('local: /');
        terminal.press('Escape');
        await lists(terminal, 'here', 'mine.txt');
      },
    );

    story(
      'lists what is in archives, and searches the list',
      { there: { 'in/readme.md': 'x', 'in/deep/more.txt': 'yy' } },
      async ({ terminal, there }) => {
        assert.equal(spawnSync('tar', ['-czf', 'pack.tgz', 'in'], { cwd: there }).status, 0);
        terminal.press('C-r');
        await lists(terminal, 'there', 'in/', 'pack.tgz');
        terminal.press('End', 'F3');
        await terminal.shows('in/deep/more.txt');
        await terminal.shows('listing');
        terminal.press('/');
        await terminal.shows('Search');
        terminal.type('nothing such');
        terminal.press('Enter');
        await terminal.shows('is not found any further');
        terminal.press('q');
        await lists(terminal, 'there', 'in/', 'pack.tgz');
      },
    );

    story(
      'the preview follows the cursor: text, a folder, nothing',
      { there: { 'sub/inside.txt': 1, 'note.md': '# a heading\n' } },
      async ({ terminal }) => {
        terminal.press('End', 'p');
        await terminal.shows('# a heading');
        terminal.press('Up');
        await terminal.shows('inside.txt');
        await terminal.lacks('# a heading');
        terminal.press('Home');
        await terminal.lacks('inside.txt');
        terminal.press('p');
        await terminal.lacks('preview');
      },
    );

    story(
      'edits a file of the server, and one of one’s own',
      { there: { 'conf.toml': 'port = 1\n' }, here: { 'my.txt': 'mine\n' } },
      async ({ terminal, there, here }) => {
        terminal.press('End', 'F4');
        await terminal.shows('conf.toml is saved on the server');
        assert.equal(readFileSync(join(there, 'conf.toml'), 'utf8'), 'PORT = 1\n');
        terminal.press('e');
        await terminal.shows('conf.toml is as it was');
        terminal.press('Tab', 'End', 'F4');
        await terminal.until('upper case', () => readFileSync(join(here, 'my.txt'), 'utf8') === 'MINE\n');
        await lists(terminal, 'here', 'my.txt');
      },
    );

    story(
      'F1 in the viewer lists its own keys, and does what is chosen',
      { there: { 'data.txt': 'words\n' } },
      async ({ terminal }) => {
        terminal.press('End', 'F3');
        await terminal.shows('words');
        terminal.press('F1');
        await terminal.shows('stay at the end while the file grows');
        terminal.type('show bytes');
        terminal.press('Enter');
        await terminal.shows('77 6f 72 64 73');
        terminal.press('q');
        await lists(terminal, 'there', 'data.txt');
      },
    );
  },
  { VISUAL: editor, EDITOR: 'false' },
);
