/** An engine against a real ferryd, and what it tells. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { EntryKind, type Path } from '@ferry/protocol';
import { parseFingerprint } from '@ferry/protocol/session';
import type {
  ConnectionStatus,
  Engine,
  EngineEvent,
  QueueStatus,
} from '../../../packages/tui/src/engine/engine.ts';
import type { EngineOpts } from '../../../packages/tui/src/engine/engine-core.ts';
import { isOver, type Job, type JobId, type JobOrder } from '../../../packages/tui/src/engine/job.ts';
import { path, scratchFolder } from '../../support/scratch.ts';
import { type Server, startServer } from '../../support/server.ts';
import type { Served } from '../../support/shared-server.ts';

/** Follows what an engine tells, and waits for what it should tell. */
export class Watch {
  readonly jobs = new Map<JobId, Job>();
  readonly changed = new Set<string>();
  status: ConnectionStatus | undefined;
  queue: QueueStatus | undefined;
  readonly #waiting = new Set<() => void>();

  constructor(engine: Engine) {
    engine.onEvent((event) => this.#take(event));
  }

  #take(event: EngineEvent): void {
    if (event.kind === 'connection') this.status = event.status;
    else if (event.kind === 'changed')
      this.changed.add(`${event.where === '' ? 'local' : 'remote'} ${event.folder.join('/')}`);
    else if (event.kind === 'queue') this.queue = event.status;
    else if (event.kind === 'jobs') {
      for (const job of event.changed) this.jobs.set(job.id, job);
      for (const id of event.removed) this.jobs.delete(id);
    }
    for (const look of [...this.#waiting]) look();
  }

  until<T>(condition: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = condition();
        if (found === undefined || found === false) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  job(id: JobId, condition: (job: Job) => boolean): Promise<Job> {
    return this.until(() => {
      const job = this.jobs.get(id);
      return job !== undefined && condition(job) ? job : undefined;
    });
  }

  over(id: JobId): Promise<Job> {
    return this.job(id, ({ phase }) => isOver(phase));
  }
}

export type Bench = {
  readonly server: Server;
  readonly shared: string;
  readonly local: string;
  readonly engine: Engine;
  readonly watch: Watch;
  /** Submits one job from text paths and gives its id. */
  readonly submit: (order: Partial<JobOrder> & { from: string; to?: string }) => Promise<JobId>;
};

export function localPath(folder: string, below = ''): Path {
  return path(`${folder.slice(1)}${below === '' ? '' : `/${below}`}`);
}

export function optsFor(
  t: TestContext,
  { host, port, fingerprint }: Server,
  deviceKeyFile?: string,
): EngineOpts {
  const pin = parseFingerprint(fingerprint);
  assert.ok(pin);
  return {
    address: { host, port },
    fingerprint: pin,
    token: undefined,
    deviceKeyFile: deviceKeyFile ?? join(scratchFolder(t), 'device.key'),
    client: 'test 1',
    attempts: { first: 1, laterMs: Number.POSITIVE_INFINITY },
  };
}

export type Make = (opts: EngineOpts) => Engine;

/** Without `served`: with a server of its own. */
export async function bench(t: TestContext, make: Make, served?: Served): Promise<Bench> {
  const { shared, server } = served ?? (await ownServer(t));
  const local = scratchFolder(t);
  const engine = make(optsFor(t, server));
  t.after(() => engine.close());
  const watch = new Watch(engine);
  const submit: Bench['submit'] = async ({ from, to = from, direction = 'download', ...more }) => {
    const [id] = await engine.submit([
      {
        direction,
        source: direction === 'download' ? path(from) : localPath(local, from),
        target: direction === 'download' ? localPath(local, to) : path(to),
        kind: EntryKind.file,
        existing: 'fail',
        ...more,
      },
    ]);
    assert.ok(id !== undefined);
    return id;
  };
  return { server, shared, local, engine, watch, submit };
}

export async function ownServer(t: TestContext): Promise<Served> {
  const shared = scratchFolder(t);
  return { shared, server: await startServer(t, { dir: shared, args: ['--open'] }) };
}

/** Something in every block, as a limit is not for what need not travel. */
export function filled(file: string, bytes: number): void {
  writeFileSync(file, Buffer.alloc(bytes, file));
}

export function sparse(file: string, bytes: number): void {
  writeFileSync(file, '');
  truncateSync(file, bytes);
}

export function assertSame(a: string, b: string): void {
  const { status, stdout } = spawnSync('diff', ['-r', '--no-dereference', a, b], { encoding: 'utf8' });
  assert.equal(status, 0, stdout);
}
