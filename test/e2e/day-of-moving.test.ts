/** A user's day, the part that moves things: queue, names that are taken, deleting, the server's own work, finding. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { aDay, lists, namesIn } from './day.ts';
import type { Terminal } from './terminal.ts';

const text = (...path: readonly string[]): string => readFileSync(join(...path), 'utf8');

/** Without the folder in which files arrive, which may be there for a moment more. */
const namesOf = (folder: string): string[] => readdirSync(folder).filter((name) => name !== '.ferry');

/** What earlier stories have moved is forgotten. */
async function emptyQueue(terminal: Terminal): Promise<void> {
  terminal.press('w', 'c');
  const screen = await terminal.shows(/Clear\?|empty: mark/);
  if (screen.includes('Clear?')) terminal.press('Enter');
  await terminal.shows('empty: mark');
  terminal.press('w');
}

aDay('a day of moving things', ({ story }) => {
  story(
    'uploads the file under the cursor, without a mark',
    { here: { 'letter.txt': 'dear all' } },
    async ({ terminal, there }) => {
      terminal.press('Tab', 'End', 'F5');
      await lists(terminal, 'there', 'letter.txt');
      await terminal.shows('1 done');
      assert.equal(text(there, 'letter.txt'), 'dear all');
    },
  );

  story(
    'a folder arrives whole, with times, permissions and what is empty',
    { here: { 'album/one.txt': '1', 'album/deep/two.txt': '22', 'album/empty/': '', 'album/nothing': '' } },
    async ({ terminal, there, here }) => {
      chmodSync(join(here, 'album/one.txt'), 0o640);
      symlinkSync('one.txt', join(here, 'album/link'));
      await emptyQueue(terminal);
      terminal.press('Tab', 'End', 'F5');
      await terminal.shows('1 done');
      await lists(terminal, 'there', 'album/');
      assert.deepEqual(readdirSync(join(there, 'album')).toSorted(), [
        'deep',
        'empty',
        'link',
        'nothing',
        'one.txt',
      ]);
      const { mode, mtimeMs } = statSync(join(there, 'album/one.txt'));
      assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_700_000_000_000]);
      assert.equal(text(there, 'album/deep/two.txt'), '22');
    },
  );

  const odd = { 'with space': 'a', "it's $HOME": 'b', '海と船 🚢': 'c', '-rf': 'd', empty: '' };
  story(
    'odd names go down and come up again, byte by byte',
    { there: odd },
    async ({ terminal, there, here }) => {
      await emptyQueue(terminal);
      terminal.press('C-a', 'F5');
      await terminal.shows('5 done');
      await terminal.until('all of them here', (screen) => namesIn(screen, 'here').length === 5);
      assert.deepEqual(namesOf(here).toSorted(), Object.keys(odd).toSorted());
      for (const name of Object.keys(odd)) rmSync(join(there, name));
      terminal.press('Tab', 'C-a', 'F5');
      await terminal.shows('10 done');
      for (const [name, content] of Object.entries(odd)) assert.equal(text(there, name), content);
    },
  );

  story('on .. there is nothing to copy, and that is said', { there: { x: 1 } }, async ({ terminal }) => {
    terminal.press('Home', 'F5');
    await terminal.shows('there is nothing here to copy');
  });

  story(
    'a name that is taken: keeps both',
    { there: { 'plan.txt': 'theirs' }, here: { 'plan.txt': 'mine' } },
    async ({ terminal, here }) => {
      await emptyQueue(terminal);
      terminal.press('End', 'F5');
      await terminal.shows('the one there');
      terminal.press('k', 'Enter');
      await terminal.shows('1 done');
      assert.equal(text(here, 'plan.txt'), 'mine');
      assert.equal(text(here, namesOf(here).find((name) => name !== 'plan.txt') ?? ''), 'theirs');
    },
  );

  story(
    'a name that is taken: leaves what is there',
    { there: { 'plan.txt': 'theirs' }, here: { 'plan.txt': 'mine' } },
    async ({ terminal, here }) => {
      await emptyQueue(terminal);
      terminal.press('End', 'F5');
      await terminal.shows('the one there');
      terminal.press('s', 'Enter');
      await terminal.shows('1 done');
      assert.deepEqual(namesOf(here), ['plan.txt']);
      assert.equal(text(here, 'plan.txt'), 'mine');
    },
  );

  const clashing = { 'set/a': 'new a', 'set/b': 'new b', 'set/c': 'new c' };
  story(
    'one answer for all of a folder: what is newer there stays',
    { there: clashing, here: { 'set/a': 'old', 'set/b': 'old', 'set/c': 'newer' } },
    async ({ terminal, here }) => {
      for (const name of ['a', 'b']) utimesSync(join(here, 'set', name), 1_600_000_000, 1_600_000_000);
      utimesSync(join(here, 'set/c'), 1_750_000_000, 1_750_000_000);
      await emptyQueue(terminal);
      terminal.press('End', 'F5');
      await terminal.shows('the one there');
      terminal.press('n', 'Tab');
      await terminal.shows('[all of this job]');
      terminal.press('Enter');
      await terminal.shows('1 done');
      assert.deepEqual(
        ['a', 'b', 'c'].map((name) => text(here, 'set', name)),
        ['new a', 'new b', 'newer'],
      );
    },
  );

  story(
    'puts off a question, does other things, and answers it in the queue',
    { there: { 'plan.txt': 'theirs', z: 'z' }, here: { 'plan.txt': 'mine' } },
    async ({ terminal, here }) => {
      await emptyQueue(terminal);
      terminal.press('Home', 'Down', 'F5');
      await terminal.shows('the one there');
      terminal.press('Escape');
      await terminal.lacks('the one there');
      await terminal.shows('1 asking');
      terminal.press('Down', 'F5');
      await lists(terminal, 'here', 'plan.txt', 'z');
      terminal.press('w', 'Home', 'Enter');
      await terminal.shows('the one there');
      terminal.press('Down', 'Up', 'o', 'Enter');
      await terminal.shows('2 done');
      assert.equal(text(here, 'plan.txt'), 'theirs');
      terminal.press('w');
    },
  );

  story(
    'plans while all is paused: order, top, priority; then lets it go',
    { there: { a: 1, b: 2, c: 3 } },
    async ({ terminal, here }) => {
      await emptyQueue(terminal);
      terminal.press('P');
      await terminal.shows('all paused');
      terminal.press('C-a', 'F5');
      await terminal.shows('all 3 paused');
      const order = (names: string) =>
        terminal.until(
          `the order ${names}`,
          (screen) => [...screen.matchAll(/^│.↓.(\w+) /gm)].map((row) => row[1]).join('') === names,
        );
      await order('abc');
      terminal.press('w', 'Home', ']');
      await order('bac');
      terminal.press('[');
      await order('abc');
      terminal.press('End', 't');
      await order('cab');
      terminal.press('C-Down');
      await order('acb');
      terminal.press('5');
      await terminal.shows(/c .*p5/);
      terminal.press('3');
      await terminal.lacks('p5');
      terminal.press('P', 'w');
      await terminal.shows('3 done');
      assert.deepEqual(namesOf(here).toSorted(), ['a', 'b', 'c']);
    },
  );

  story(
    'pauses and cancels marked jobs; the rest goes on; nothing half-done stays',
    { there: { a: 1000, b: 2000, c: 3000 } },
    async ({ terminal, here }) => {
      await emptyQueue(terminal);
      terminal.press('P', 'C-a', 'F5');
      await terminal.shows('all 3 paused');
      terminal.press('w', 'Home', 'Space', 'Space');
      await terminal.shows('2 marked');
      terminal.press('*');
      await terminal.shows('1 marked');
      terminal.press('*', 'x');
      await terminal.shows('2 jobs.');
      terminal.press('n');
      await terminal.lacks('2 jobs.');
      terminal.press('Delete');
      await terminal.shows('2 jobs.');
      terminal.press('Enter');
      await terminal.shows('cancelled');
      terminal.press('Escape');
      await terminal.lacks('2 marked');
      terminal.press('End', 'p', 'P');
      await terminal.shows(/c .*paused/);
      assert.deepEqual(namesOf(here), []);
      terminal.press('p');
      await terminal.shows('1 done');
      assert.deepEqual(namesOf(here), ['c']);
      terminal.press('w');
    },
  );

  story(
    'limits all and one job, hears what is no limit, and takes them away',
    { there: { a: 1 } },
    async ({ terminal }) => {
      await emptyQueue(terminal);
      terminal.press('P', 'End', 'F5');
      await terminal.shows('all 1 paused');
      terminal.press('w', 'Home', 'l');
      await terminal.shows('Most bytes a second for this job');
      terminal.type('fast');
      terminal.press('Enter');
      await terminal.shows(/512k/);
      terminal.press('C-u');
      terminal.type('1.5M');
      terminal.press('Enter');
      await terminal.shows(/a .*≤ ?1.5M\/s/);
      terminal.press('L');
      await terminal.shows('Timetable');
      terminal.press('Tab');
      terminal.type('10M');
      terminal.press('Enter');
      await terminal.shows(/↓ ≤ ?10M\/s/);
      terminal.press('L');
      await terminal.shows('Timetable');
      terminal.press('Down', 'C-u', 'Enter');
      await terminal.lacks('10M/s');
      terminal.press('P', 'w');
      await terminal.shows('1 done');
    },
  );

  story(
    'what fails says why; its details say more; tried again when it can be',
    { there: { a: 'first', b: 'second' } },
    async ({ terminal, there, here }) => {
      await emptyQueue(terminal);
      terminal.press('P', 'C-a', 'F5');
      await terminal.shows('all 2 paused');
      rmSync(join(there, 'a'));
      rmSync(join(there, 'b'));
      terminal.press('P');
      await terminal.shows('2 failed');
      terminal.press('w', 'Home', 'Enter');
      await terminal.shows('Added');
      await terminal.shows('NOT_FOUND');
      terminal.press('Escape');
      await terminal.lacks('Added');
      writeFileSync(join(there, 'a'), 'again');
      terminal.press('r');
      await terminal.shows('1 failed · 1 done');
      terminal.press('f', 'f');
      await terminal.shows('Queue: failed');
      writeFileSync(join(there, 'b'), 'again');
      terminal.press('R');
      await terminal.shows('no job is failed');
      terminal.press('f');
      await terminal.shows('Queue: done');
      terminal.press('f', 'w');
      await lists(terminal, 'here', 'a', 'b');
      assert.equal(text(here, 'b'), 'again');
    },
  );

  story(
    'forgets what is over, and asks where something failed',
    { there: { a: 1 } },
    async ({ terminal, there }) => {
      await emptyQueue(terminal);
      terminal.press('P', 'End', 'F5');
      await terminal.shows('all 1 paused');
      rmSync(join(there, 'a'));
      terminal.press('P');
      await terminal.shows('1 failed');
      terminal.press('w', 'c');
      await terminal.shows('One job has failed');
      terminal.press('Escape');
      await terminal.lacks('Clear?');
      await terminal.shows('1 failed');
      terminal.press('c', 'Enter');
      await terminal.shows('empty: mark');
      terminal.press('w');
    },
  );

  story(
    'asks before it leaves while something waits, and stays',
    { there: { a: 1 } },
    async ({ terminal }) => {
      await emptyQueue(terminal);
      terminal.press('P', 'End', 'F5');
      await terminal.shows('all 1 paused');
      terminal.press('C-c');
      await terminal.shows('one job is not finished');
      terminal.press('n');
      await terminal.lacks('Quit?');
      terminal.press('P');
      await terminal.shows('1 done');
    },
  );

  story(
    'deletes on the server, brings it back as it was',
    { there: { 'tree/leaf': 'green', other: 1 } },
    async ({ terminal, there }) => {
      terminal.press('Home', 'Down', 'F8');
      await terminal.shows('It goes to the trash');
      terminal.press('Enter');
      await terminal.shows('deleted · u brings it back');
      await lists(terminal, 'there', 'other');
      assert.ok(!existsSync(join(there, 'tree')));
      terminal.press('u');
      await lists(terminal, 'there', 'tree/', 'other');
      assert.equal(text(there, 'tree/leaf'), 'green');
      assert.equal(statSync(join(there, 'tree/leaf')).mtimeMs, 1_700_000_000_000);
    },
  );

  story(
    'deletes for good only with the word typed',
    { there: { 'old.log': 1 } },
    async ({ terminal, there }) => {
      terminal.press('End', 'S-F8');
      await terminal.shows('Type delete to delete old.log for good');
      terminal.type('yes');
      terminal.press('Enter');
      await terminal.shows('type the word delete');
      assert.ok(existsSync(join(there, 'old.log')));
      terminal.press('C-u');
      terminal.type('delete');
      terminal.press('Enter');
      await lists(terminal, 'there');
      assert.deepEqual(namesOf(there), []);
    },
  );

  story(
    'deletes one’s own file after a question that says it is for good',
    { here: { mine: 1, other: 2 } },
    async ({ terminal, here }) => {
      terminal.press('Tab', 'Home', 'Down', 'Delete');
      await terminal.shows('mine on your side');
      await terminal.shows('This cannot be undone');
      terminal.press('y');
      await lists(terminal, 'here', 'other');
      assert.deepEqual(namesOf(here), ['other']);
    },
  );

  story(
    'copies and moves inside of the server',
    { there: { 'a.txt': 'text', 'to/': '' } },
    async ({ terminal, there }) => {
      terminal.press('End', 'S-F5');
      await terminal.shows('Copy a.txt on the server to');
      terminal.press('C-u');
      terminal.type('b.txt');
      terminal.press('Enter');
      await lists(terminal, 'there', 'to/', 'a.txt', 'b.txt');
      terminal.press('S-F6');
      await terminal.shows('on the server to');
      terminal.press('C-u');
      terminal.type('to/moved.txt');
      terminal.press('Enter');
      await terminal.until(
        'one of them gone',
        (screen) => !/│.(a|b)\.txt .*││/.test(screen) || screen.split('.txt').length < 3,
      );
      assert.equal(text(there, 'to/moved.txt'), 'text');
    },
  );

  story(
    'finds by name, copies out of what was found, and goes back',
    { there: { 'x/report-1.md': 'one', 'x/y/report-2.md': 'two', 'x/other.md': 'three' } },
    async ({ terminal, here }) => {
      await emptyQueue(terminal);
      terminal.press('F');
      await terminal.shows('Find below');
      terminal.type('report*');
      terminal.press('Enter');
      await lists(terminal, 'there', 'x/report-1.md', 'x/y/report-2.md');
      terminal.press('C-a', 'F5');
      await terminal.shows('2 done');
      assert.deepEqual(namesOf(here).toSorted(), ['report-1.md', 'report-2.md']);
      terminal.press('M-Left');
      await lists(terminal, 'there', 'x/');
    },
  );

  story(
    'finds by what is in it; where nothing is, that is said',
    { there: { 'x/log': 'all quiet\nalarm here\n', 'x/more': 'quiet' } },
    async ({ terminal }) => {
      terminal.press('M-?');
      await terminal.shows('Find below');
      terminal.press('Down');
      terminal.type('ALARM');
      terminal.press('Enter');
      await lists(terminal, 'there', 'x/log');
      terminal.press('Left');
      await lists(terminal, 'there', 'x/');
      terminal.press('F');
      await terminal.shows('Find below');
      terminal.type('nowhere-at-all');
      terminal.press('Enter');
      await terminal.shows('found');
      await terminal.shows(/0 items/);
      terminal.press('Left');
      await lists(terminal, 'there', 'x/');
    },
  );
});
