/**
 * Clients, whole servers and threads of servers are killed at any moment of a transfer, in both directions (XFER-18, XFER-19,
 * XFER-20, XFER-33): nothing torn has a name, what was told as done is there, and the same command, or the next to move the
 * queue, completes.
 *
 * Several times in a row what is to complete is killed as well.
 */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { parseFingerprint } from '@ferry/protocol/session';
import { EngineCore, type EngineOpts } from '../../packages/tui/src/engine/engine-core.ts';
import { EngineThread } from '../../packages/tui/src/engine/engine-thread.ts';
import { isOver, type JobId } from '../../packages/tui/src/engine/job.ts';
import { QueueStore } from '../../packages/tui/src/queue/queue-store.ts';
import type { QueueServer } from '../../packages/tui/src/queue/stored-job.ts';
import { patience } from '../../packages/tui/src/transfer/retry.ts';
import { ferryMain, type Server, type ServerOpts, startServer } from '../e2e/server.ts';
import { eventually } from '../e2e/terminal.ts';
import { heldFiles } from '../support/held-files.ts';
import { someMoment, until } from '../support/moments.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { Watch } from '../tui/engine/bench.ts';
import { Errand, newPlace, type Place, Trip } from './trips.ts';

/** Fifty of clients, of servers and of threads; a thousand in a soak. */
const kills = { ofEachClient: Math.max(17, runs(10)), ofServers: Math.max(50, runs(10)) };

async function serve(t: TestContext, share: string, opts: ServerOpts = {}): Promise<Server> {
  // A test whose time is up starts no more that nobody would end.
  t.signal.throwIfAborted();
  const server = await startServer(share, { threads: 2, ...opts });
  t.after(() => server.stop());
  return server;
}

async function holdsNothing(pid: number, folder: string, hint: string): Promise<void> {
  const held = (): readonly string[] => heldFiles(pid, folder);
  await eventually('nothing held', () => held().length === 0).catch(() => {});
  assert.deepEqual(held(), [], `${hint}: kept open`);
}

/** Gone, as after a power cut of its own. */
async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

type Ran = { readonly child: ChildProcess; readonly out: () => string; readonly err: () => string };

function start(args: readonly string[], env: NodeJS.ProcessEnv): Ran {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
  });
  child.stderr.on('data', (bytes: Buffer) => {
    err += bytes.toString();
  });
  return { child, out: () => out, err: () => err };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

class Counts {
  kills = 0;
  interrupted = 0;
  completed = 0;

  count(isInTheMiddle: boolean): void {
    this.kills += 1;
    if (isInTheMiddle) this.interrupted += 1;
  }

  said(who: string): string {
    return `count: ${who} killed ${this.kills} times, in the middle ${this.interrupted} times; torn 0, reported and lost 0, all ${this.completed} completed (seed ${seed})`;
  }
}

/** The sources that a command has told of. */
function toldBy(out: string): readonly string[] {
  return out
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as { event: string; phase: string; source: { path: string } }];
      } catch {
        // Its last line may be cut.
        return [];
      }
    })
    .flatMap(({ event, phase, source }) =>
      event === 'ended' && phase === 'done' ? [basename(source.path)] : [],
    );
}

describe('killed at any moment', { concurrency: true }, () => {
  for (const direction of ['download', 'upload'] as const) {
    const verb = direction === 'download' ? 'get' : 'put';
    test(`the client, a ${verb} by hand: the same command completes (XFER-19, XFER-24, XFER-33)`, async (t) => {
      const random = randomFrom(seed + verb.length + direction.length);
      const place = newPlace();
      const server = await serve(t, place.share);
      const counts = new Counts();
      for (let trips = 0; counts.kills < kills.ofEachClient; trips++) {
        const trip = new Trip(place, direction, 'byHand', random);
        const command = trip.command(server.address);
        for (
          let attempt = 0, most = Math.min(1 + random(8), kills.ofEachClient - counts.kills);
          ;
          attempt++
        ) {
          const ran = start(command, server.env);
          const { child } = ran;
          const moment = someMoment(trip, random);
          const hint = `${verb} ${trips} as ${trip.policy}, attempt ${attempt}, killed when ${moment.what}`;
          if (attempt < most && (await until(moment, () => hasEnded(child)))) {
            await kill(child);
            counts.count(trip.checkTorn(toldBy(ran.out()), hint));
            continue;
          }
          if (!hasEnded(child)) await once(child, 'exit');
          assert.equal(child.exitCode, 0, `${hint}: ${ran.err()}${ran.out()}`);
          break;
        }
        await holdsNothing(server.child.pid ?? 0, place.share, `${verb} ${trips}`);
        await trip.checkComplete(`${verb} ${trips} as ${trip.policy}`);
        counts.completed += 1;
      }
      t.diagnostic(counts.said(`client with a ${verb}`));
    });
  }

  test('the client that moves a queue: the next one goes on (XFER-19, XFER-24, XFER-33)', async (t) => {
    const random = randomFrom(seed + 3);
    const place = newPlace();
    const server = await serve(t, place.share);
    const state = join(place.own, 'state');
    const store = QueueStore.open(join(state, 'ferry/queue.db'));
    t.after(() => store.close());
    const counts = new Counts();
    while (counts.kills < kills.ofEachClient) {
      const errand = new Errand(place, random);
      errand.ids = store.add(
        errand.orders.map((order) => ({ server: whereIs(server), order })),
        Date.now(),
      );
      for (let attempt = 0, most = Math.min(1 + random(8), kills.ofEachClient - counts.kills); ; attempt++) {
        const ran = start([ferryMain, 'queue', 'run'], { ...server.env, XDG_STATE_HOME: state });
        const { child } = ran;
        const moment = someMoment(errand.scene(random), random);
        const hint = `${errand.what}, attempt ${attempt}, killed when ${moment.what}`;
        const isKilled = attempt < most && (await until(moment, () => hasEnded(child)));
        if (isKilled) await kill(child);
        else if (!hasEnded(child)) await once(child, 'exit');
        store.refresh();
        const jobs = errand.ids.map((id) => store.get(id));
        for (const job of jobs) assert.ok(job !== undefined, `${hint}: a job is lost`);
        const done = (id: JobId): boolean => store.get(id)?.fact.phase === 'done';
        if (isKilled) counts.count(errand.checkTorn(done, hint));
        else {
          assert.deepEqual(
            jobs.flatMap((job) => (job?.fact.phase === 'done' ? [] : [job?.fact])),
            [],
            `${hint}: ${ran.err()}`,
          );
          break;
        }
      }
      await holdsNothing(server.child.pid ?? 0, place.share, errand.what);
      await errand.checkComplete();
      counts.completed += 1;
    }
    t.diagnostic(counts.said('client with a queue'));
  });

  test('the server: clients go on when it is back (XFER-18, XFER-24)', async (t) => {
    const random = randomFrom(seed + 4);
    const place = newPlace();
    const first = await serve(t, place.share, { threads: 1 });
    const counts = new Counts();
    let server = first;
    while (counts.kills < kills.ofServers) {
      await withEngine(t, { place, server, random, counts }, async (check) => {
        await kill(server.child);
        check();
        server = await serve(t, place.share, { threads: 1, again: first });
      });
      await holdsNothing(server.child.pid ?? 0, place.share, `${counts.completed}`);
    }
    t.diagnostic(counts.said('server'));
  });

  test('a thread of the server: clients go on with the others (XFER-20)', async (t) => {
    const random = randomFrom(seed + 5);
    const place = newPlace();
    const opts = { threads: 6, env: { FERRY_TEST_CRASH: '1' } };
    const counts = new Counts();
    while (counts.kills < kills.ofServers) {
      const server = await serve(t, place.share, opts);
      place.survivor = server.child.pid;
      let deaths = 0;
      const dead = (): number => server.output().split(' died and took its connections').length - 1;
      // Each is replaced later than the one before, and some must live; ten in a minute, and it gives up.
      while (deaths < 8 && counts.kills < kills.ofServers) {
        await withEngine(
          t,
          { place, server, random, counts, most: Math.min(patience, 8 - deaths) },
          async (check) => {
            deaths += 1;
            server.child.kill('SIGUSR2');
            await eventually('the end of a thread', () => dead() === deaths);
            check();
          },
        );
        await holdsNothing(server.child.pid ?? 0, place.share, `${counts.completed}`);
      }
      await server.stop();
    }
    t.diagnostic(counts.said('thread of the server'));
  });
});

type Scenery = {
  readonly place: Place;
  readonly server: Server;
  readonly random: (below: number) => number;
  readonly counts: Counts;
  /** Disturbances. */
  readonly most?: number;
};

/** One errand of a client in this process, which is disturbed as often as one file bears in a row; every second one has a queue file. */
async function withEngine(
  t: TestContext,
  { place, server, random, counts, most = patience }: Scenery,
  disturb: (check: () => void) => Promise<void>,
): Promise<void> {
  const { host, port, fingerprint } = whereIs(server);
  const opts: EngineOpts = {
    address: { host, port },
    fingerprint,
    token: undefined,
    deviceKeyFile: join(place.own, 'device.key'),
    client: 'test 1',
    attempts: { first: Number.POSITIVE_INFINITY, laterMs: Number.POSITIVE_INFINITY },
  };
  const hasQueue = counts.completed % 2 === 1;
  const engine = hasQueue
    ? new EngineThread({ ...opts, queueFile: join(place.own, 'queue.db') })
    : new EngineCore(opts);
  t.after(() => engine.close());
  const watch = new Watch(engine);
  const errand = new Errand(place, random);
  errand.ids = await engine.submit(errand.orders);
  const phaseOf = (id: JobId) => watch.jobs.get(id)?.phase ?? 'waiting';
  for (let left = 1 + random(most); left > 0; left--) {
    const moment = someMoment(errand.scene(random), random);
    const came = await until(moment, () => errand.ids.every((id) => isOver(phaseOf(id))));
    if (!came) break;
    const hint = `${errand.what}, ${hasQueue ? 'with' : 'without'} a queue, when ${moment.what}`;
    await disturb(() => counts.count(errand.checkTorn((id) => phaseOf(id) === 'done', hint)));
  }
  for (const id of errand.ids) {
    const { phase, error, failures } = await watch.over(id);
    assert.equal(phase, 'done', `${errand.what}: ${JSON.stringify([error, failures])}`);
  }
  await engine.close();
  assert.deepEqual(heldFiles(process.pid, place.own), [], errand.what);
  await errand.checkComplete();
  counts.completed += 1;
}

function whereIs({ port, output }: Server): QueueServer {
  const fingerprint = parseFingerprint(/fingerprint (\S+)/.exec(output())?.[1] ?? '');
  assert.ok(fingerprint);
  return { host: '127.0.0.1', port, fingerprint };
}
