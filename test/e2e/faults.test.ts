/** What goes wrong for real users, in a real terminal: each gives one clear sentence, harms nothing else, leaves no look-alike. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { QueueStore } from '../../packages/tui/src/queue/queue-store.ts';
import { cells } from '../../packages/tui/src/view/rows/cells.ts';
import { browserCommand, ferryMain, type Server, startServer } from './server.ts';
import { eventually, haveTerminal, noTerminal, Terminal } from './terminal.ts';

const MiB = 1024 ** 2;

/** Something in every block, as a limit is not for what need not travel. */
function filled(path: string, bytes: number): void {
  writeFileSync(path, Buffer.alloc(bytes, 'x'));
}

describe('when things go wrong', { skip: haveTerminal ? false : noTerminal }, () => {
  let home: string;
  let shared: string;
  let server: Server;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-e2e-'));
    shared = join(home, 'shared');
    mkdirSync(join(shared, 'folder/inner'), { recursive: true });
    writeFileSync(join(shared, 'plain.txt'), 'plain');
    server = await startServer(shared);
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });
  const local = (name: string): string => {
    const folder = join(home, name);
    mkdirSync(folder);
    return folder;
  };
  /** What other stories moved, or left in the queue, is not in this one's; and jobs take long enough to be disturbed. */
  const ownQueue = (place: string, { env }: Server = server): NodeJS.ProcessEnv => {
    const state = `${place}-state`;
    setLimit(state, 10 * MiB);
    return { ...env, XDG_STATE_HOME: state };
  };
  const setLimit = (state: string, limitDown: number | undefined): void => {
    const store = QueueStore.open(join(state, 'ferry/queue.db'));
    store.set({ limitDown });
    store.close();
  };

  test('a server killed in mid-transfer: the queue waits, and goes on when it is back', async () => {
    const place = local('killed');
    filled(join(shared, 'long.bin'), 40 * MiB);
    let running = await startServer(shared);
    const first = running;
    const terminal = new Terminal(browserCommand(running.address, place), { env: ownQueue(place, running) });
    try {
      await terminal.shows('long.bin');
      terminal.press('End', 'Up', 'F5');
      await terminal.shows(/1 moving/);
      await eventually('some of it on the way', () => existsSync(join(place, '.ferry/part')));
      running.child.kill('SIGKILL');
      await terminal.shows('offline');
      assert.ok(!existsSync(join(place, 'long.bin')));
      // Keys answer all the while.
      terminal.press('Tab', 'Down');
      setLimit(`${place}-state`, undefined);
      running = await startServer(shared, { again: first });
      await terminal.shows(/Queue · 1 done/);
      assert.equal(statSync(join(place, 'long.bin')).size, 40 * MiB);
      assert.deepEqual(readdirSync(place), ['long.bin']);
    } finally {
      terminal.close();
      await running.stop();
      await first.stop();
      rmSync(join(shared, 'long.bin'));
      rmSync(join(place, 'long.bin'), { force: true });
    }
  });

  test('a folder removed under the pane: says so and shows the one above', async () => {
    mkdirSync(join(shared, 'doomed'));
    const terminal = new Terminal(browserCommand(`${server.address}/doomed`, home), { env: server.env });
    try {
      await terminal.shows('server: /doomed');
      rmSync(join(shared, 'doomed'), { recursive: true });
      terminal.press('C-r');
      await terminal.shows('[NOT_FOUND]');
      await terminal.shows('plain.txt');
    } finally {
      terminal.close();
    }
  });

  test('pause, resume and cancel act on a moving job; cancel leaves nothing', async () => {
    const place = local('cancelled');
    filled(join(shared, 'long.bin'), 100 * MiB);
    const terminal = new Terminal(browserCommand(server.address, place), { env: ownQueue(place) });
    try {
      await terminal.shows('long.bin');
      terminal.press('End', 'Up', 'F5', 'w');
      await terminal.shows(/1 moving/);
      await eventually('some of it on the way', () => existsSync(join(place, '.ferry/part')));
      terminal.press('p');
      await terminal.shows(/1 paused/);
      terminal.press('p');
      await terminal.shows(/1 moving/);
      terminal.press('x');
      await terminal.shows('Cancel?');
      terminal.press('y');
      await terminal.shows('cancelled');
      await eventually('nothing left', () => readdirSync(place).length === 0);
    } finally {
      terminal.close();
      rmSync(join(shared, 'long.bin'));
    }
  });

  test('quitting while jobs run asks, and leaves nothing that looks like a file', async () => {
    const place = local('quit');
    filled(join(shared, 'long.bin'), 100 * MiB);
    const terminal = new Terminal(browserCommand(server.address, place), { env: ownQueue(place) });
    try {
      await terminal.shows('long.bin');
      terminal.press('End', 'Up', 'F5');
      await terminal.shows(/1 moving/);
      terminal.press('F10');
      await terminal.shows('Quit?');
      terminal.press('n');
      await terminal.lacks('Quit?');
      terminal.press('q');
      await terminal.shows('Quit?');
      terminal.press('y');
      assert.equal(await terminal.ended(), 0);
      // What is there of it stays hidden, to be gone on with.
      assert.deepEqual(readdirSync(place), ['.ferry']);
    } finally {
      terminal.close();
      rmSync(join(shared, 'long.bin'));
    }
  });

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    test(`${signal} gives the terminal back (TERM-15)`, async () => {
      const terminal = new Terminal(browserCommand(server.address, home), { env: server.env });
      try {
        await terminal.shows('plain.txt');
        assert.equal(terminal.alternate(), true);
        process.kill(terminal.pid(), signal);
        assert.equal(await terminal.ended(), code);
        assert.equal(terminal.alternate(), false);
      } finally {
        terminal.close();
      }
    });
  }

  for (const where of ['the screen’s thread', 'the other thread'] as const) {
    test(`a bug on ${where} gives the terminal back and says what it was (TERM-15)`, async () => {
      const isMain = where === 'the screen’s thread';
      const now = local(isMain ? 'screen' : 'other');
      const bug = [
        "import{isMainThread}from'node:worker_threads'",
        "import{existsSync}from'node:fs'",
        `if(isMainThread===${isMain})setInterval(()=>{if(existsSync('${now}/bug'))throw new Error('planted bug')},50)`,
      ].join(';');
      const env = { ...server.env, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(bug)}` };
      const terminal = new Terminal(browserCommand(server.address, home), { env });
      try {
        await terminal.shows('plain.txt');
        writeFileSync(join(now, 'bug'), '');
        assert.equal(await terminal.ended(), 1);
        assert.equal(terminal.alternate(), false);

        await terminal.shows(/planted(?: |%20)bug/);
      } finally {
        terminal.close();
      }
    });
  }

  test('a dead server: the browser says so and keeps trying', async () => {
    const other = await startServer(shared);
    const terminal = new Terminal(browserCommand(other.address, home), { env: other.env });
    try {
      await terminal.shows('plain.txt');
      await other.stop();
      await terminal.shows(/offline, attempt 2 in/);
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
    } finally {
      terminal.close();
      await other.stop();
    }
  });

  test('a read-only guest is told so before anything is tried', async () => {
    const readOnly = await startServer(shared, { args: ['--open=read-only'] });
    const terminal = new Terminal(browserCommand(readOnly.address, home), { env: readOnly.env });
    try {
      await terminal.shows('read-only');
      terminal.press('F7');
      await terminal.shows('you may only look and download here');
      terminal.press('F8');
      await terminal.shows('you may only look and download here');
      assert.deepEqual(
        readdirSync(shared).filter((name) => name === 'folder'),
        ['folder'],
      );
    } finally {
      terminal.close();
      await readOnly.stop();
    }
  });

  test('NO_COLOR draws without a colour; what the runtime warns of is said after the screen, not over it', async () => {
    const warn =
      "setTimeout(()=>setInterval(()=>process.emitWarning('planted warning'),20).unref(),100).unref()";
    const terminal = new Terminal(browserCommand(server.address, home), {
      env: {
        ...server.env,
        NO_COLOR: '1',
        NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(warn)}`,
      },
    });
    try {
      await terminal.shows('plain.txt');
      assert.equal(terminal.hasColour(), false);
      terminal.press('F1');
      const screen = await terminal.shows('make a folder');
      assert.doesNotMatch(screen, /planted/);
      terminal.press('F10');
      await terminal.lacks('make a folder');
      terminal.press('F10');
      assert.equal(await terminal.ended(), 0);
      // The last of what it wrote may still be on its way to the emulator.
      await terminal.shows('planted warning');
    } finally {
      terminal.close();
    }
  });

  test('names that would act on a terminal are shown as escapes and stay in their row (TERM-01…09)', async () => {
    const evil = join(shared, 'folder/inner');
    const names = [
      'a\x1b[31mred',
      'b\x1b]0;title\x07',
      'c\u202efdp.exe',
      'd{bold}x{|}',
      'e\nnew line',
      'f\u009b5m',
      'g海の船',
      'h🚢🚢',
      'i\u0301\u0301\u0301\u0301\u0301\u0301',
    ];
    for (const name of names) writeFileSync(join(evil, name), '');
    const terminal = new Terminal(browserCommand(`${server.address}/folder/inner`, home), {
      env: server.env,
    });
    try {
      const screen = await terminal.shows('{bold}x{|}');
      for (const text of [
        'a\\e[31mred',
        '\\u{7}',
        '\\u{202e}fdp.exe',
        'e\\nnew line',
        'f\\u{9b}5m',
        'g海の船',
        'h🚢🚢',
      ]) {
        assert.ok(screen.includes(text), text);
      }
      // Every frame line ends in the same cell, whatever stands in it.
      const ends = new Set(
        screen
          .split('\n')
          .filter((line) => line.startsWith('│'))
          .map((line) => cells(line)),
      );
      assert.deepEqual([...ends], [120], screen);
    } finally {
      terminal.close();
    }
  });

  test('first contact shows the fingerprint and asks; only what its owner sees, typed, goes on (AUTH-17)', async () => {
    const other = await startServer(shared);
    const fingerprint = /fingerprint (\S+)/.exec(other.output())?.[1] ?? 'none';
    const data = join(home, 'first-contact');
    const command = browserCommand(other.address, home).filter((word) => word !== '--accept-new');
    for (const [answer, goesOn] of [
      ['no', false],
      ['y', false],
      ['yes', false],
      ['the missing groups', true],
    ] as const) {
      const terminal = new Terminal(command, { env: { ...other.env, XDG_DATA_HOME: data } });
      try {
        const screen = await terminal.shows('Nothing typed ends it:');
        const shown = /(?:[a-z2-7?]{4}-){12}[a-z2-7?]{4}/.exec(screen)?.[0].split('-') ?? [];
        const missing = fingerprint.split('-').filter((group, i) => shown[i] !== group);
        assert.equal(missing.length, 2, screen);
        assert.doesNotMatch(other.output(), /logged in/);
        terminal.type(goesOn ? missing.join('-') : answer);
        terminal.press('Enter');
        if (!goesOn) {
          await terminal.shows('Once more:');
          terminal.press('Enter');
        }
        if (goesOn) {
          await terminal.shows('plain.txt');
          terminal.press('F10');
        }
        assert.equal(await terminal.ended(), goesOn ? 0 : 5);
      } finally {
        terminal.close();
      }
    }
    await other.stop();
  });

  test('without a terminal the browser says what to use instead (TERM-16)', () => {
    const { status, stderr } = spawnSync(process.execPath, [ferryMain, server.address, '--accept-new'], {
      env: server.env,
      encoding: 'utf8',
      input: '',
    });
    assert.equal(status, 2);
    assert.match(stderr, /needs a terminal/);
  });

  test('a share that was moved away answers, and nothing else is served in its place (PATH-24)', async () => {
    const moving = join(home, 'moving');
    mkdirSync(moving);
    writeFileSync(join(moving, 'inside.txt'), 'mine');
    const other = await startServer(moving);
    try {
      renameSync(moving, `${moving}-away`);
      mkdirSync(moving);
      writeFileSync(join(moving, 'not-shared.txt'), 'not yours');
      const { stdout } = spawnSync(process.execPath, [ferryMain, 'ls', other.address, '--accept-new'], {
        env: other.env,
        encoding: 'utf8',
      });
      assert.doesNotMatch(stdout, /not-shared/);
    } finally {
      await other.stop();
    }
  });
});
