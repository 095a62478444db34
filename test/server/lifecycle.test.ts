/** How ferryd starts, ends, and survives its workers. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { type FerryError, limits, rootPath } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { commit, create, read, type ServerEvent, stat } from '@ferry/protocol/messages';
import { createOf, logInto, openLane, readWhole, sendBlock, type TestSession } from '../support/client.ts';
import { withCode } from '../support/code.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { ferryd, startServer, userEnv } from '../support/server.ts';
import { randomContent } from '../support/staging.ts';

type Run = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

function run(home: string, args: readonly string[], as: { uid?: number; gid?: number } = {}): Run {
  return spawnSync(process.execPath, [ferryd, ...args], {
    env: userEnv(home),
    encoding: 'utf8',
    timeout: 20_000,
    ...as,
  });
}

/** Root may read everything, so for root somebody else has to try. */
const other = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Why nobody else can try; false when they can. */
function noOtherUser(): string | false {
  const { status } = spawnSync(process.execPath, [ferryd, '--version'], { ...other, env: {} });
  return status === 0 ? false : 'the program cannot be run by another user here';
}

describe('ferryd that cannot start', () => {
  it('keeps waiting who comes before its threads are there', async (t) => {
    const dir = scratchFolder(t);
    const first = await startServer(t, { dir, args: ['--open'] });
    process.kill(first.pid, 'SIGKILL');
    await first.ended;
    const again = startServer(t, {
      dir,
      home: first.home,
      args: ['--open', '--listen', `127.0.0.1:${first.port}`],
    });
    // The first that is taken at all.
    for (;;) {
      const socket = connect({ host: '127.0.0.1', port: first.port });
      const taken = await once(socket, 'connect').then(
        () => true,
        () => false,
      );
      if (!taken) continue;
      const secured = tlsConnect({ socket, rejectUnauthorized: false, ALPNProtocols: ['ferry/1'] });
      await once(secured, 'secureConnect');
      secured.destroy();
      break;
    }
    await again;
  });

  it('says so in one line, with an exit code, and leaves nothing behind', (t) => {
    const home = scratchFolder(t);
    const dir = scratchFolder(t);
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const cases: [args: string[], status: number, sentence: RegExp][] = [
      [[join(dir, 'nothing')], 1, /^ferryd: there is no folder .*nothing \[CONFIG\]\n$/],
      [[file], 1, /^ferryd: .*file is not a folder \[CONFIG\]\n$/],
      [[dir, '--threads', '0'], 2, /^ferryd: --threads wants a whole number from 1 to 256 \[USAGE\]\n$/],
      [[dir, '--open=yes'], 2, /^ferryd: write --open, or --open=read-only \[USAGE\]\n$/],
      [[dir, '--listen', 'a b:c'], 2, /^ferryd: --listen wants HOST:PORT.*\[USAGE\]\n$/],
      [
        [dir, '--listen', '203.0.113.9:0'],
        1,
        /^ferryd: 203\.0\.113\.9 is no address of this machine \[CONFIG\]\n$/,
      ],
      [[dir, '--nonsense'], 2, /^error: unknown option '--nonsense'\n$/],
      [[dir, 'another'], 2, /^error: too many arguments/],
      [['invite'], 2, /^ferryd: ferryd has not run here yet.*\[USAGE\]\n$/],
      [
        ['invite', '--expires', 'soon'],
        2,
        /^ferryd: --expires wants a time such as 30m, 72h or 7d \[USAGE\]\n$/,
      ],
      [['invite', '--path', '../up'], 1, /^ferryd: .*\[NAME_INVALID\]\n$/],
    ];
    for (const [args, status, sentence] of cases) {
      const result = run(home, args);
      assert.match(result.stderr, sentence);
      assert.equal(result.status, status, args.join(' '));
      assert.equal(result.stdout, '');
    }
    assert.deepEqual(readdirSync(home), []);
  });

  it('names the port that is taken, and leaves nothing behind', async (t) => {
    const home = scratchFolder(t);
    const occupant = createServer().listen(0, '127.0.0.1');
    t.after(() => occupant.close());
    await once(occupant, 'listening');
    const address = occupant.address();
    assert.ok(address !== null && typeof address === 'object');
    const taken = `127.0.0.1:${address.port}`;
    const result = run(home, [scratchFolder(t), '--listen', '127.0.0.1:0', '--listen', taken]);
    assert.match(
      result.stderr,
      new RegExp(
        `^ferryd: port ${address.port} is taken by another program: .*--listen HOST:PORT \\[CONFIG\\]\\n$`,
      ),
    );
    assert.equal(result.status, 1);
    assert.equal(result.stdout, '');
    assert.deepEqual(readdirSync(home), []);
  });

  it('refuses a folder that it may not read', { skip: noOtherUser() }, (t) => {
    const dir = scratchFolder(t);
    chmodSync(dir, 0o300);
    const result = run(scratchFolder(t), [dir], other);
    chmodSync(dir, 0o700);
    assert.match(result.stderr, /^ferryd: the folder .* cannot be read by this user \[CONFIG\]\n$/);
    assert.equal(result.status, 1);
  });

  it('never replaces an identity or a list of accounts that is damaged', (t) => {
    const home = scratchFolder(t);
    const identity = join(home, 'data/ferryd/identity.pem');
    const accounts = join(home, 'state/ferryd/access.db');
    for (const [file, sentence] of [
      [identity, /^ferryd: the server's identity in .* is damaged: .*\[CONFIG\]\n$/],
      [accounts, /^ferryd: the list of accounts in .* cannot be used \[CONFIG\]\n$/],
    ] as const) {
      mkdirSync(join(file, '..'), { recursive: true });
      writeFileSync(file, 'damaged, but long enough to be looked at as what it should be'.repeat(20));
      const before = readFileSync(file);
      const result = run(home, [scratchFolder(t), '--listen', '127.0.0.1:0']);
      assert.match(result.stderr, sentence);
      assert.equal(result.status, 1);
      assert.ok(readFileSync(file).equals(before));
      rmSync(file);
    }
  });
});

describe('ferryd', () => {
  it('explains itself', (t) => {
    const home = scratchFolder(t);
    for (const args of [['--help'], ['invite', '--help']]) {
      const { status, stdout } = run(home, args);
      assert.equal(status, 0);
      assert.match(stdout, /Examples:\n {2}ferryd/);
    }
    assert.match(run(home, ['--version']).stdout, /^[0-9]+\.[0-9]+\.[0-9]+\n$/);
  });

  it('is not brought down by somebody who reads only the first lines', () => {
    for (const program of ['server', 'tui']) {
      const main = join(import.meta.dirname, `../../packages/${program}/src/main.ts`);
      const piped = spawnSync('sh', ['-c', '"$0" "$1" --help | true', process.execPath, main], {
        encoding: 'utf8',
      });
      assert.equal(piped.stderr, '');
    }
  });

  it('keeps its identity and accounts to its user', async (t) => {
    const { home } = await startServer(t, { dir: scratchFolder(t) });
    const mode = (file: string): string =>
      spawnSync('stat', ['-c', '%a', join(home, file)], { encoding: 'utf8' }).stdout.trim();
    assert.equal(mode('data/ferryd/identity.pem'), '600');
    assert.equal(mode('state/ferryd/access.db'), '600');
    assert.equal(mode('data/ferryd'), '700');
    assert.equal(mode('state/ferryd'), '700');
  });

  it('makes one identity when two start at once (first start)', async (t) => {
    const home = scratchFolder(t);
    const dir = scratchFolder(t);
    const servers = await Promise.all([startServer(t, { dir, home }), startServer(t, { dir, home })]);
    assert.equal(servers[0].fingerprint, servers[1].fingerprint);
  });

  it('writes one JSON object per log line when asked to', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open', '--json-log'] });
    const { channel } = await logInto(server);
    channel.close();
    await server.logged(/"left"/);
    const events = server
      .log()
      .split('\n')
      .map((line) => JSON.parse(line) as { what: string; user: string });
    assert.deepEqual(
      events.map(({ what, user }) => [what, user]),
      [
        ['joined', 'guest'],
        ['left', 'guest'],
      ],
    );
  });

  it('lives on when one worker dies under load, and so do the connections of the other', async (t) => {
    const dir = scratchFolder(t);
    writeFileSync(join(dir, 'big'), randomContent(40 * limits.blockBytes).bytes);
    const server = await startServer(t, {
      dir,
      args: ['--open', '--threads', '2'],
      env: { FERRY_TEST_CRASH: '1' },
    });
    const sessions = await Promise.all(Array.from({ length: 8 }, () => logInto(server)));
    const moving = sessions.map(async (session) => {
      const lane = await openLane(server, session);
      for (;;) await readWhole(lane, path('big'));
    });
    for (const move of moving) move.catch(() => {});
    await server.logged(/downloaded \/big/);
    server.signal('SIGUSR2');
    await server.logged(/worker . is back/);
    // As sources, of a bundle too.
    assert.match(server.log(), /worker . died .*\(\/.*\/packages\/server\/src\/worker\/worker\.ts:\d+:\d+\)/);
    const alive = await Promise.all(sessions.map(isAlive));
    const survivors = alive.filter(Boolean).length;
    assert.ok(survivors > 0 && survivors < 8, `${survivors} of 8 sessions survived`);
    for (const session of await Promise.all(Array.from({ length: 4 }, () => logInto(server)))) {
      assert.ok(await isAlive(session));
      session.channel.close();
    }
    server.signal('SIGKILL');
    await Promise.allSettled(moving);
  });
});

describe('ferryd that is told to stop', () => {
  it('says so, finishes what moves, begins nothing new, and ends with 0', async (t) => {
    const dir = scratchFolder(t);
    const content = randomContent(3 * limits.blockBytes);
    writeFileSync(join(dir, 'reading'), content.bytes);
    writeFileSync(join(dir, 'other'), 'x');
    const server = await startServer(t, { dir, args: ['--open'] });
    const events: ServerEvent[] = [];
    const { promise: told, resolve: tell } = Promise.withResolvers<void>();
    const session = await logInto(
      server,
      {},
      {
        onEvent: (event) => {
          events.push(event);
          tell();
        },
      },
    );
    const pool = new BlockPool();
    const lane = await openLane(server, session, { pool });
    const request = createOf(path('arriving'), content);
    await lane.call(create, request);
    const [first = Buffer.alloc(0), ...rest] = content.blocks;
    await sendBlock(lane, request.handle, 0, first, pool).answered;
    server.signal('SIGTERM');
    await told;
    assert.deepEqual(events, [{ kind: 'going-down', drainMs: limits.drainMs }]);
    const fresh = { path: path('other'), identity: undefined, first: 0, count: 1 };
    // The lane may be on another thread than the session, which hears of it a moment later.
    const answer = async (): Promise<string> =>
      lane.call(read, fresh).then(
        () => 'done',
        (error: FerryError) => error.codeName,
      );
    let last = await answer();
    while (last === 'done') last = await answer();
    assert.equal(last, 'SHUTTING_DOWN');
    await assert.rejects(lane.call(create, createOf(path('new'), content)), withCode('SHUTTING_DOWN'));
    await assert.rejects(logInto(server), withCode('CONNECT_FAILED'));
    for (const [i, block] of rest.entries()) {
      await sendBlock(lane, request.handle, i + 1, block, pool).answered;
    }
    await lane.call(commit, { handle: request.handle, rootDigest: content.root });
    assert.equal(await server.ended, 0);
    assert.ok(readFileSync(join(dir, 'arriving')).equals(content.bytes));
    assert.ok(!existsSync(join(dir, 'new')));
  });

  it('ends at once at the second signal', async (t) => {
    const dir = scratchFolder(t);
    const server = await startServer(t, { dir, args: ['--open'] });
    const lane = await openLane(server, await logInto(server));
    await lane.call(create, createOf(path('half'), randomContent(10)));
    server.signal('SIGTERM');
    await server.logged(/SIGTERM: going down/);
    server.signal('SIGTERM');
    assert.equal(await server.ended, 143);
    assert.deepEqual(
      readdirSync(dir).filter((name) => name !== '.ferry'),
      [],
    );
  });

  it('outlives its terminal', async (t) => {
    const server = await startServer(t, { dir: scratchFolder(t), args: ['--open'] });
    server.signal('SIGHUP');
    const { channel } = await logInto(server);
    await channel.call(stat, { path: rootPath });
    channel.close();
  });
});

/** A worker's death shows at the next request at the latest. */
async function isAlive({ channel }: TestSession): Promise<boolean> {
  return channel.call(stat, { path: rootPath }).then(
    () => true,
    () => false,
  );
}
