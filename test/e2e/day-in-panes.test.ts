/** A user's day, the part in the panes: finding one's way, marking, arranging, names. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aDay, lists } from './day.ts';

const five = { 'a.jpg': 10, 'b.jpg': 200, 'c.txt': 3000, 'd.txt': 40, 'sub/': '' };

aDay('a day in the panes', ({ story }) => {
  story(
    'marks with Space and Insert, takes one back, takes all back',
    { there: five },
    async ({ terminal }) => {
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', 'c.txt', 'd.txt');
      terminal.press('End', 'Up', 'Space', 'Insert');
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', '•c.txt', '•d.txt');
      await terminal.shows('2 marked');
      terminal.press('Up', 'Space');
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', 'c.txt', '•d.txt');
      terminal.press('Escape');
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', 'c.txt', 'd.txt');
    },
  );

  story(
    'marks by pattern, unmarks by pattern, turns it round, marks all',
    { there: five },
    async ({ terminal }) => {
      terminal.press('+');
      await terminal.shows('Mark names like');
      terminal.press('C-u');
      terminal.type('*.jpg;*.txt');
      terminal.press('Enter');
      await lists(terminal, 'there', 'sub/', '•a.jpg', '•b.jpg', '•c.txt', '•d.txt');
      terminal.press('-');
      await terminal.shows('Unmark names like');
      terminal.press('C-u');
      terminal.type('?.jpg');
      terminal.press('Enter');
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', '•c.txt', '•d.txt');
      terminal.press('*');
      await lists(terminal, 'there', '•sub/', '•a.jpg', '•b.jpg', 'c.txt', 'd.txt');
      terminal.press('C-a');
      await terminal.shows('5 marked');
      terminal.press('Escape');
      await terminal.lacks('5 marked');
    },
  );

  story('marks a range with Shift, to the end and back to the top', { there: five }, async ({ terminal }) => {
    terminal.press('Home', 'Down', 'Down', 'S-Down', 'S-Down');
    await lists(terminal, 'there', 'sub/', '•a.jpg', '•b.jpg', 'c.txt', 'd.txt');
    terminal.press('S-End');
    await lists(terminal, 'there', 'sub/', '•a.jpg', '•b.jpg', '•c.txt', '•d.txt');
    terminal.press('Escape');
    await terminal.lacks('4 marked');
    terminal.press('S-Home');
    await terminal.shows('5 marked');
    terminal.press('Escape');
  });

  story(
    'a filter hides marked files: it says so, and leaves them alone',
    { there: five },
    async ({ terminal, there }) => {
      terminal.press('C-a', '/');
      terminal.type('.jpg');
      await lists(terminal, 'there', '•a.jpg', '•b.jpg');
      terminal.press('Enter');
      await terminal.shows('3 marked are not shown');
      terminal.press('F8');
      await terminal.shows('2 entries on the server');
      terminal.press('Enter');
      await terminal.lacks('Delete?');
      await terminal.shows('nothing is called so');
      terminal.press('Escape');
      await lists(terminal, 'there', '•sub/', '•c.txt', '•d.txt');
      assert.deepEqual(readdirSync(there).toSorted(), ['c.txt', 'd.txt', 'sub']);
      terminal.press('Escape');
      await lists(terminal, 'there', 'sub/', 'c.txt', 'd.txt');
    },
  );

  const sizes = { 'file10.b': 10, 'file2.c': 2000, 'file1.a': 300 };
  story(
    'sorts by size, extension and time, the other way round, and by name with its numbers',
    { there: sizes },
    async ({ terminal }) => {
      await lists(terminal, 'there', 'file1.a', 'file2.c', 'file10.b');
      terminal.press('s', 's');
      await lists(terminal, 'there', 'file2.c', 'file1.a', 'file10.b');
      terminal.press('s', 's');
      await lists(terminal, 'there', 'file10.b', 'file1.a', 'file2.c');
      terminal.press('s', 'e');
      await lists(terminal, 'there', 'file1.a', 'file10.b', 'file2.c');
      terminal.press('s', 'r');
      await lists(terminal, 'there', 'file2.c', 'file10.b', 'file1.a');
      terminal.press('s', 'b');
      await lists(terminal, 'there', 'file1.a', 'file10.b', 'file2.c');
      terminal.press('s', 'n');
      await lists(terminal, 'there', 'file1.a', 'file2.c', 'file10.b');
    },
  );

  story(
    'folders among the files and first again; hidden names, and away again',
    { there: { 'b/': '', a: 1, c: 1, '.secret': 1 } },
    async ({ terminal }) => {
      await lists(terminal, 'there', 'b/', 'a', 'c');
      terminal.press('s', 'f');
      await lists(terminal, 'there', 'a', 'b/', 'c');
      terminal.press('s', 'f', '.');
      await lists(terminal, 'there', 'b/', '.secret', 'a', 'c');
      terminal.press('M-.');
      await lists(terminal, 'there', 'b/', 'a', 'c');
    },
  );

  story(
    'jumps to a name by its first letters, and on to the next',
    { there: { apple: 1, apricot: 1, banana: 1 } },
    async ({ terminal }) => {
      terminal.press('C-s');
      await terminal.shows('Jump to');
      terminal.type('ap');
      terminal.press('C-s', 'Escape');
      await terminal.lacks('Jump to');
      terminal.press('Space');
      await lists(terminal, 'there', 'apple', '•apricot', 'banana');
      terminal.press('C-s');
      terminal.type('b');
      await terminal.shows('Jump to: b');
      // Any other key ends it, and does what it does.
      terminal.press('Insert');
      await lists(terminal, 'there', 'apple', '•apricot', '•banana');
    },
  );

  story(
    'walks down three folders, back twice, forward once, and up by Backspace',
    { there: { 'one/two/three/deep.txt': 1 } },
    async ({ terminal }) => {
      await lists(terminal, 'there', 'one/');
      terminal.press('Down', 'Enter');
      await lists(terminal, 'there', 'two/');
      terminal.press('Down', 'Right');
      await lists(terminal, 'there', 'three/');
      terminal.press('Down', 'Enter');
      await lists(terminal, 'there', 'deep.txt');
      terminal.press('M-Left');
      await lists(terminal, 'there', 'three/');
      terminal.press('H');
      await lists(terminal, 'there', 'two/');
      terminal.press('M-Right');
      await lists(terminal, 'there', 'three/');
      // Going up puts the cursor on where one came from.
      terminal.press('Backspace');
      await lists(terminal, 'there', 'two/');
      terminal.press('Space');
      await lists(terminal, 'there', '•two/');
    },
  );

  story(
    'goes to a path that is not there and hears so, completes one that is',
    { there: { 'alpha/beta/x': 1, 'alpine/': '' } },
    async ({ terminal }) => {
      terminal.press('g');
      await terminal.shows('Tab completes');
      terminal.type('nowhere');
      terminal.press('Tab');
      await terminal.shows('there is no folder that begins so');
      terminal.press('C-w');
      terminal.type('al');
      terminal.press('Tab');
      await terminal.shows('/story-9/alp');
      terminal.press('Tab');
      await terminal.shows(/alpha\/ +alpine\//);
      terminal.type('h');
      terminal.press('Tab');
      await terminal.shows('/story-9/alpha/');
      terminal.press('Enter');
      await lists(terminal, 'there', 'beta/');
      terminal.press('g');
      await terminal.shows('Tab completes');
      terminal.type('gamma');
      terminal.press('Enter');
      await terminal.shows(/gamma.*no such|there is no|not there/);
    },
  );

  story(
    'keeps a bookmark, goes there from elsewhere, and forgets it',
    { there: { 'far/away/x.txt': 1 } },
    async ({ terminal }) => {
      terminal.press('Down', 'Enter');
      await lists(terminal, 'there', 'away/');
      terminal.press('b');
      await terminal.shows('bookmark kept');
      terminal.press('Left');
      await lists(terminal, 'there', 'far/');
      terminal.press("'");
      await terminal.shows('Places');
      terminal.type('far');
      await terminal.shows('★ server: /story-10/far');
      terminal.press('Enter');
      await lists(terminal, 'there', 'away/');
      terminal.press('C-\\');
      await terminal.shows('Places');
      terminal.type('far');
      await terminal.shows('★');
      terminal.press('Delete');
      await terminal.lacks('★');
      terminal.press('Escape');
      await terminal.lacks('Places');
    },
  );

  story(
    'opens a tab, walks off in it, comes back to the first as it was, closes it',
    { there: five },
    async ({ terminal }) => {
      terminal.press('End', 'Space');
      await terminal.shows('1 marked');
      terminal.press('C-t');
      await terminal.shows('[2 story-11]');
      terminal.press('Home', 'Down', 'Enter');
      await terminal.shows('nothing here');
      terminal.press('[');
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', 'c.txt', '•d.txt');
      terminal.press(']');
      await terminal.shows('nothing here');
      terminal.press('C-w');
      await lists(terminal, 'there', 'sub/', 'a.jpg', 'b.jpg', 'c.txt', '•d.txt');
      terminal.press('C-w');
      await terminal.shows('the last tab stays');
      terminal.press('Escape');
    },
  );

  story(
    'walks on both sides at once, and shows the corresponding folder',
    { there: { 'x/only-there': 1 }, here: { 'x/only-here': 1 } },
    async ({ terminal }) => {
      terminal.press('Y');
      await terminal.shows('both sides go together');
      terminal.press('Down', 'Enter');
      await lists(terminal, 'there', 'only-there');
      await lists(terminal, 'here', 'only-here');
      terminal.press('Left');
      await lists(terminal, 'here', 'x/');
      terminal.press('Y');
      await terminal.shows('each side goes alone');
      terminal.press('Enter');
      await lists(terminal, 'there', 'only-there');
      await lists(terminal, 'here', 'x/');
      terminal.press('M-i');
      await lists(terminal, 'here', 'only-here');
    },
  );

  story(
    'compares, copies what is missing, compares again: the same',
    { there: { same: 5, missing: 6 }, here: { same: 5 } },
    async ({ terminal, here }) => {
      terminal.press('=');
      await terminal.shows('marked: 1 on the one side, 0 on the other');
      terminal.press('F5');
      await lists(terminal, 'here', '=missing', '=same');
      assert.equal(statSync(join(here, 'missing')).mtimeMs, 1_700_000_000_000);
      terminal.press('=');
      await terminal.shows('both folders hold the same');
      terminal.press('Escape');
    },
  );

  story(
    'one pane over the whole width and back; columns; a border to the left and even again',
    { there: five },
    async ({ terminal }) => {
      terminal.press('z');
      await terminal.until('one pane', (screen) => (screen.split('\n')[1] ?? '').indexOf('┐') === 99);
      terminal.press('z');
      await terminal.until('two panes', (screen) => (screen.split('\n')[1] ?? '').indexOf('┐┌') === 49);
      terminal.press('<');
      await terminal.until('a narrower one', (screen) => (screen.split('\n')[1] ?? '').indexOf('┐┌') < 49);
      terminal.press('C-x', 'e');
      await terminal.until('even', (screen) => (screen.split('\n')[1] ?? '').indexOf('┐┌') === 49);
      terminal.press('c');
      await terminal.shows('columns: names and sizes');
      await terminal.lacks('Time');
      terminal.press('c');
      await terminal.shows('columns: all');
      terminal.press('c');
      await terminal.shows('columns: as many as fit');
    },
  );

  story('five themes, one after the other, and the first again', {}, async ({ terminal }) => {
    for (const theme of ['dark', 'light', 'sixteen', 'contrast', 'mono', 'auto']) {
      terminal.press('T');
      await terminal.shows(`theme: ${theme}`);
      assert.equal(terminal.hasColour(), theme !== 'mono', theme);
    }
  });

  story(
    'a narrow screen shows one side, Tab the other; wide again, both',
    { there: { 'there.txt': 1 }, here: { 'here.txt': 1 } },
    async ({ terminal }) => {
      terminal.resize(60, 20);
      await terminal.lacks('here.txt│');
      await terminal.until(
        'the server alone',
        (screen) => screen.includes('there.txt') && !screen.includes(' here.txt'),
      );
      terminal.press('Tab');
      await terminal.until(
        'your side alone',
        (screen) => screen.includes(' here.txt') && !screen.includes('there.txt'),
      );
      terminal.resize(100, 30);
      await lists(terminal, 'there', 'there.txt');
      await lists(terminal, 'here', 'here.txt');
      terminal.press('Tab');
    },
  );

  story(
    'what changed elsewhere is there after Ctrl+R',
    { there: { old: 1 } },
    async ({ terminal, there }) => {
      await lists(terminal, 'there', 'old');
      writeFileSync(join(there, 'new'), '');
      terminal.press('C-r');
      await lists(terminal, 'there', 'new', 'old');
    },
  );

  story(
    'counts a folder, and tells what is known of it',
    { there: { 'sub/a': 1000, 'sub/deep/b': 234 } },
    async ({ terminal }) => {
      terminal.press('Down', 'C-Space');
      await terminal.shows('sub: 1234 bytes in 2 files');
      terminal.press('i');
      await terminal.shows('1234 bytes');
      const screen = await terminal.shows('folder');
      assert.match(screen, /Mode +.*rwx/);
      terminal.press('Escape');
      await terminal.lacks('Modified');
    },
  );

  story(
    'gives other permissions; what is none is said',
    { there: { 'run.sh': 1 } },
    async ({ terminal, there }) => {
      terminal.press('End', 'm');
      await terminal.shows('Permissions of run.sh');
      terminal.press('C-u');
      terminal.type('89');
      terminal.press('Enter');
      await terminal.shows('permissions are up to four digits');
      terminal.press('C-u');
      terminal.type('750');
      terminal.press('Enter');
      await terminal.lacks('Permissions of');
      terminal.press('i');
      await terminal.shows('0750');
      assert.equal(statSync(join(there, 'run.sh')).mode & 0o777, 0o750);
      terminal.press('Escape');
      await terminal.lacks('0750');
    },
  );

  story(
    'renames; a name that is taken and one that cannot be are refused in words',
    { there: { 'a.txt': 1, 'b.txt': 2 } },
    async ({ terminal, there }) => {
      terminal.press('Home', 'Down', 'r');
      await terminal.shows('New name for a.txt');
      terminal.press('C-u');
      terminal.type('b.txt');
      terminal.press('Enter');
      await terminal.shows('renaming a.txt to b.txt: that name is taken');
      terminal.press('F2');
      await terminal.shows('New name for a.txt');
      terminal.press('C-u');
      terminal.type('a/b');
      terminal.press('Enter');
      await terminal.shows(/name/);
      terminal.press('C-u');
      terminal.type('z.txt');
      terminal.press('Enter');
      await lists(terminal, 'there', 'b.txt', 'z.txt');
      assert.ok(existsSync(join(there, 'z.txt')));
      // The cursor goes with it.
      terminal.press('Space');
      await lists(terminal, 'there', 'b.txt', '•z.txt');
    },
  );

  story(
    'finds an action by its words and does it; one that cannot be done says why',
    { here: { mine: 1 } },
    async ({ terminal }) => {
      terminal.press('Tab', 'F1');
      await terminal.shows('All actions');
      terminal.type('bring back');
      await terminal.shows('that is for the files of the server');
      terminal.press('C-u');
      terminal.type('make folder');
      await terminal.shows('make a folder');
      terminal.press('Enter');
      await terminal.shows('Name of the new folder');
      terminal.type('made');
      terminal.press('Enter');
      await lists(terminal, 'here', 'made/', 'mine');
    },
  );

  story(
    'Esc and a digit is a function key, and what Esc took away is back',
    { there: five },
    async ({ terminal }) => {
      terminal.press('C-a');
      await terminal.shows('5 marked');
      terminal.type('\x1b');
      await terminal.lacks('5 marked');
      terminal.type('8');
      await terminal.shows('5 entries on the server');
      terminal.press('n');
      await terminal.shows('5 marked');
      terminal.press('Escape');
    },
  );
});
