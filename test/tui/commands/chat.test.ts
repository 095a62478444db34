/** `ferry chat` as people and scripts use it: real processes against a real server, also one whose threads die. */

import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { ferryMain, type Server, startServer } from '../../e2e/server.ts';

type Ran = { readonly code: number | null; readonly out: string; readonly err: string };
type Event = {
  readonly text: string;
  readonly seq: number;
  readonly past: boolean;
  readonly notes: readonly string[];
};

describe('ferry chat', () => {
  let home: string;
  let server: Server;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'ferry-chat-'));
    mkdirSync(join(home, 'shared'));
    const env = { FERRY_TEST_CRASH: 'throw' };
    server = await startServer(join(home, 'shared'), { args: ['--open', '--threads', '2'], env });
  });
  after(async () => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const args = (...more: readonly string[]): string[] => [
    ferryMain,
    'chat',
    server.address,
    '--accept-new',
    ...more,
  ];

  function run(input: string, more: readonly string[], env: NodeJS.ProcessEnv = {}): Ran {
    const opts = { env: { ...server.env, ...env }, encoding: 'utf8', input } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, args(...more), opts);
    return { code: status, out: stdout, err: stderr };
  }

  test('says the lines of stdin, prints what was said, lists rooms; nothing of it can act on a terminal', () => {
    const said = run('hello\nbad \u001b[2J line\nlook at this\n', [
      '--room',
      'crew',
      '--attach',
      '/films/a.mov',
    ]);
    assert.deepEqual([said.code, said.out], [6, '']);
    assert.match(said.err, /^ferry: not said: a message is one line .* \[USAGE\]\n$/);
    const heard = run('', ['--room', 'crew']);
    assert.match(
      heard.out,
      /^\d\d:\d\d guest: hello {2}\[\/films\/a\.mov\]\n\d\d:\d\d guest: look at this\n$/,
    );
    assert.match(run('', []).out, /^\S+ \S+ {2}#crew\n$/);
    const wrong = run('', ['--room', 'crew', '--to', 'anna']);
    assert.equal(wrong.code, 2);
  });

  test('keeps a room with a passphrase closed, and nothing of it on the server', () => {
    const env = { FERRY_ROOM_PASSPHRASE: 'ahoy' };
    const safe = ['--room', 'safe', '--encrypted'];
    assert.deepEqual(run('nobody shall know\n', safe, env), { code: 0, out: '', err: '' });
    assert.match(run('', safe, env).out, /guest: nobody shall know/);
    const wrong = run('', safe, { FERRY_ROOM_PASSPHRASE: 'other' });
    assert.deepEqual(
      [wrong.code, wrong.err],
      [4, 'ferry: that is not the passphrase of this room [AUTH_FAILED]\n'],
    );
    assert.equal(run('', safe).code, 2, 'without a terminal nobody can be asked');
    assert.match(run('', ['--room', 'safe']).err, /this room has a passphrase \[CONFLICT\]/);
    const state = join(String(server.env['XDG_STATE_HOME']), 'ferryd');
    const files = readdirSync(state, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const kept = Buffer.concat(files.map(({ parentPath, name }) => readFileSync(join(parentPath, name))));
    assert.ok(kept.includes('look at this') && !kept.includes('nobody shall know') && !kept.includes('ahoy'));
  });

  test('goes on over threads that die: each line once, in order (CHAT-04)', async (t) => {
    const open = (more: readonly string[]): ChildProcessByStdio<Writable, Readable, null> =>
      spawn(process.execPath, args('--room', 'storm', '--json', ...more), {
        env: server.env,
        stdio: ['pipe', 'pipe', 'ignore'],
      });
    const eventsOf = (child: {
      readonly stdout: Readable;
    }): { seen: Event[]; until: (count: number) => Promise<void> } => {
      const seen: Event[] = [];
      let look = (): void => {};
      createInterface({ input: child.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as Event & { readonly event: string };
        if (event.event === 'message') seen.push(event);
        look();
      });
      return {
        seen,
        until: (count) =>
          new Promise((resolve) => {
            look = (): void => {
              if (seen.length >= count) resolve();
            };
            look();
          }),
      };
    };
    const [reader, writer] = [open(['--follow']), open([])];
    t.after(() => {
      for (const child of [reader, writer]) child.kill('SIGKILL');
    });
    const [read, wrote] = [eventsOf(reader), eventsOf(writer)];
    writer.stdin.write('line 0\n');
    await read.until(1);
    const total = 7;
    for (let i = 1; i < total; i++) {
      if (i % 2 === 1) server.child.kill('SIGUSR2');
      writer.stdin.write(`line ${i}\n`);
      await Promise.all([read.until(i + 1), wrote.until(i + 1)]);
    }
    writer.stdin.end();
    await new Promise((resolve) => writer.once('exit', resolve));
    const lines = Array.from({ length: total }, (_, i) => `line ${i}`);
    for (const { seen } of [read, wrote]) {
      assert.deepEqual(
        seen.map(({ text }) => text),
        lines,
      );
      assert.deepEqual(
        seen.flatMap(({ notes }) => notes),
        [],
      );
    }
    t.diagnostic(`count: ${total} lines over 3 threads that died, lost 0, twice 0`);
  });
});
