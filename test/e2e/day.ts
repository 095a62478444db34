/**
 * A day of one user: one server and one browser for all stories of a file, each in a fresh folder of both sides, the cursor on
 * the server's. Starting both anew for each story would cost twenty times as much. After a story that failed, a new browser
 * is started, so that the next one fails for reasons of its own.
 */

import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { browserCommand, type Server, startServer } from './server.ts';
import { haveTerminal, noTerminal, Terminal } from './terminal.ts';

/** Names ending in a slash are folders; a number makes so many bytes. */
export type Files = Readonly<Record<string, string | number>>;

export type Story = {
  readonly terminal: Terminal;
  /** The folders that both panes show. */
  readonly there: string;
  readonly here: string;
};

export type Told = { readonly there?: Files; readonly here?: Files };

export type Day = {
  readonly story: (name: string, files: Told, tell: (story: Story) => Promise<void>) => void;
};

/** All of them are as old as each other, so that both sides count as the same where they are. */
export function makeFiles(folder: string, files: Files): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    if (name.endsWith('/')) {
      mkdirSync(path, { recursive: true });
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'number' ? Buffer.alloc(content, name) : content);
    utimesSync(path, 1_700_000_000, 1_700_000_000);
  }
}

/** Goes to the folder of a story on both sides, wherever the story before has left the cursor. */
async function goTo(
  terminal: Terminal,
  folder: string,
  places: Readonly<Record<'server' | 'local', { readonly path: string; readonly files: Files }>>,
): Promise<void> {
  await terminal.calm();
  for (let side = 0; side < 2; side++) {
    terminal.press('g');
    const screen = await terminal.shows(/Go to a folder on (the server|your side)/);
    const which = screen.includes('on the server') ? 'server' : 'local';
    terminal.press('C-e', 'C-u');
    terminal.type(places[which].path);
    terminal.press('Enter');
    await terminal.lacks('Go to a folder');
    const shown = new Set(Object.keys(places[which].files).map((name) => name.split('/')[0] ?? ''));
    const rows = [...shown].filter((name) => !name.startsWith('.')).length;
    // The folder, and all that is in it: keys for what is not there yet would go to `..`.
    await terminal.until(
      `${folder} on the ${which} side, with ${rows} rows`,
      (now) =>
        now.split('\n').some((line) => /┌─/.test(line) && titleOf(line, which).includes(folder)) &&
        namesIn(now, which === 'server' ? 'there' : 'here').length === rows,
    );
    terminal.press('Tab');
  }
  terminal.press('g');
  const screen = await terminal.shows(/Go to a folder on (the server|your side)/);
  terminal.press('Escape');
  await terminal.lacks('Go to a folder');
  if (!screen.includes('on the server')) terminal.press('Tab');
}

/** The remote side stands left. */
function titleOf(line: string, side: 'server' | 'local'): string {
  const [left = '', right = ''] = line.split('┐┌');
  return side === 'server' ? left : right;
}

/** The names that a pane shows, each with the sign before it: `•` marked, and what a comparison found. */
export function namesIn(screen: string, side: 'there' | 'here'): string[] {
  const lines = screen.split('\n');
  const end = lines.findIndex((line) => line.startsWith('└'));
  return lines
    .slice(0, end)
    .filter((line) => line.startsWith('│'))
    .slice(1)
    .map((line) => line.slice(1, -1).split('││')[side === 'there' ? 0 : 1] ?? '')
    .map((row) => /^(.*?)(?: {2,}|$)/.exec(row.replace(/^ /, ''))?.[1] ?? '')
    .filter((name) => name !== '' && name !== '..');
}

/** Waits until a pane shows exactly these, in this order. */
export function lists(
  terminal: Terminal,
  side: 'there' | 'here',
  ...names: readonly string[]
): Promise<string> {
  return terminal.until(
    `${side}: ${names.join(', ')}`,
    (screen) => namesIn(screen, side).join('\n') === names.join('\n'),
  );
}

/** Registers a suite; its stories are told in order. */
export function aDay(name: string, tell: (day: Day) => void, more: NodeJS.ProcessEnv = {}): void {
  describe(name, { skip: haveTerminal ? false : noTerminal }, () => {
    let home = '';
    let server: Server | undefined;
    let terminal: Terminal | undefined;
    let stories = 0;
    const open = async (): Promise<Terminal> => {
      if (server === undefined) throw new RangeError('the server did not start');
      const opened = new Terminal(browserCommand(server.address, join(home, 'here')), {
        // A queue of its own: what a story that failed has left in it is not the next one's.
        env: { ...server.env, NO_COLOR: '', ...more, XDG_STATE_HOME: join(home, `state-${stories}`) },
        columns: 100,
        rows: 30,
      });
      await opened.shows(/\d items?/);
      return opened;
    };
    before(async () => {
      home = mkdtempSync(join(tmpdir(), 'ferry-e2e-day-'));
      mkdirSync(join(home, 'there'));
      mkdirSync(join(home, 'here'));
      server = await startServer(join(home, 'there'), { args: ['--open', '--threads', '1'] });
    });
    after(async () => {
      terminal?.close();
      await server?.stop();
      rmSync(home, { recursive: true, force: true });
    });
    tell({
      story: (title, files, told) => {
        void test(title, async () => {
          stories += 1;
          const folder = `story-${stories}`;
          const [there, here] = [join(home, 'there', folder), join(home, 'here', folder)];
          makeFiles(there, files.there ?? {});
          makeFiles(here, files.here ?? {});
          terminal ??= await open();
          try {
            await goTo(terminal, folder, {
              server: { path: `/${folder}`, files: files.there ?? {} },
              local: { path: here, files: files.here ?? {} },
            });
            await told({ terminal, there, here });
          } catch (error) {
            terminal.close();
            terminal = undefined;
            throw error;
          }
        });
      },
    });
  });
}
