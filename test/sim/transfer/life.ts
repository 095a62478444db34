/**
 * One seed's story of a few files on their way between two machines, with the real transfers on one, the real server's lanes
 * on the other, and between them a network that cuts, falls silent and damages. Processes are killed, machines lose their
 * power. Loaded by main.ts after the model's clock and files are in place.
 */

import { Code, FerryError, type Name, type Path } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { Root } from '@ferry/protocol/disk';
import { ClientChannel, ServerChannel } from '@ferry/protocol/session';
import { limits } from '../../../packages/protocol/src/limits.ts';
import { BufferShares } from '../../../packages/server/src/session/buffer-shares.ts';
import { Lane } from '../../../packages/server/src/session/lane.ts';
import { LocalStorage } from '../../../packages/server/src/storage/local.ts';
import { Transfers } from '../../../packages/server/src/worker/transfers.ts';
import type { Connection } from '../../../packages/tui/src/client/connection.ts';
import { Lanes } from '../../../packages/tui/src/client/lanes.ts';
import type { Session } from '../../../packages/tui/src/client/session.ts';
import type { Placing, TransferContext } from '../../../packages/tui/src/transfer/context.ts';
import { download } from '../../../packages/tui/src/transfer/download.ts';
import { Gate } from '../../../packages/tui/src/transfer/gate.ts';
import { unpaced } from '../../../packages/tui/src/transfer/pace.ts';
import { upload } from '../../../packages/tui/src/transfer/upload.ts';
import { randomFrom } from '../../support/random.ts';
import type { Disk, Inode } from '../model/disk.ts';
import { Network } from '../model/network.ts';
import type { Machine, Process, World } from '../world.ts';

const block = limits.blockBytes;
/** Faults come within so many milliseconds. */
const busyMs = 2000;
/** After the last of them all must be there within. */
const endMs = 600_000;
const restMs = 200;
const lanes = 4;

/** What files are made of: no two blocks of it are alike. */
export const chaos = Buffer.alloc(64 * 1024);
const random = randomFrom(1);
for (let i = 0; i < chaos.length; i++) chaos[i] = random(256);

type Job = {
  readonly name: Name;
  readonly direction: 'upload' | 'download';
  readonly existing: Placing['existing'];
  /** All that may ever lie under the name, whole. */
  readonly versions: Buffer[];
  /** The receiver said that it is there, and on the disk. */
  acknowledged: boolean;
  /** Somebody who is no more put it there; nobody says that the disk has its name. */
  isFound: boolean;
  attempts: number;
};

export class TransferLife {
  readonly #world: World;
  readonly #network: Network;
  readonly #home: Machine;
  readonly #there: Machine;
  readonly #jobs: readonly Job[];
  #server: Process | undefined;
  #client: Process | undefined;
  /** Names of partial files, and what of each was written how often. */
  readonly #parts = new Map<Inode, string>();
  readonly #written = new Map<string, Set<number>>();
  /** Blocks that were written although they had been. */
  again = 0;
  #session: Session | undefined;

  constructor(at: World) {
    this.#world = at;
    this.#home = at.machine('home');
    this.#there = at.machine('there');
    this.#network = new Network(at, {
      latencyMs: at.pick([0.5, 5, 40])!,
      bytesPerMs: at.pick([5, 50])!,
      damagedPerMille: at.chance(30) ? 40 : 0,
    });
    this.#jobs = Array.from({ length: at.chance(75) ? 1 : 2 }, (_, i) => this.#job(i));
  }

  get network(): Network {
    return this.#network;
  }

  get files(): number {
    return this.#jobs.length;
  }

  async run(): Promise<void> {
    const at = this.#world;
    this.#startServer();
    this.#startClient();
    const faults = at.random(5);
    for (let i = 0; i < faults; i++)
      at.timer(() => this.#fault(), at.random(busyMs), { process: at.outside });
    await at.run(at.nowMs + busyMs, () => this.#isDone() && at.nowMs > 0 && faults === 0);
    this.#network.manners = { ...this.#network.manners, damagedPerMille: 0 };
    for (const { processes } of [this.#home, this.#there])
      for (const process of processes) process.stepsLeft = undefined;
    await at.run(at.nowMs + endMs, () => this.#isDone());
    this.#checkThrift();
    for (const job of this.#jobs)
      at.must(isOver(job), () => `${job.name} is not there, though nothing is in its way`);
    at.cutPower(this.#home);
    at.cutPower(this.#there);
    this.#check();
  }

  #isDone(): boolean {
    return this.#jobs.every(isOver);
  }

  #job(i: number): Job {
    const at = this.#world;
    const size = at.chance(70) ? (9 + at.random(11)) * block - at.random(block) : at.random(6 * block);
    const job: Job = {
      name: `f${i}` as Name,
      direction: at.chance(50) ? 'upload' : 'download',
      existing: at.chance(50) ? 'fail' : 'overwrite',
      versions: [this.#content(size)],
      acknowledged: false,
      isFound: false,
      attempts: 0,
    };
    put(this.#sourceOf(job).disk, job.direction === 'upload' ? 'mine' : 'share', job.name, job.versions[0]!);
    if (job.existing === 'overwrite' && at.chance(50)) {
      const old = this.#content(at.random(3 * block));
      put(this.#targetOf(job).disk, targetFolder(job), job.name, old);
      job.versions.push(old);
    }
    return job;
  }

  #content(size: number): Buffer {
    const from = this.#world.random(chaos.length - size);
    return chaos.subarray(from, from + size);
  }

  #sourceOf({ direction }: Job): Machine {
    return direction === 'upload' ? this.#home : this.#there;
  }

  #targetOf({ direction }: Job): Machine {
    return direction === 'upload' ? this.#there : this.#home;
  }

  #startServer(): void {
    const at = this.#world;
    if (this.#server?.isAlive === true) return;
    const process = at.process('ferryd', this.#there);
    this.#server = process;
    folder(this.#there.disk, 'share');
    this.#watchDisk(this.#there.disk);
    at.post(process, () => {
      const storage = LocalStorage.open('/share');
      const pool = new BlockPool();
      const buffers = new BufferShares(pool).of('somebody');
      const transfers = new Transfers();
      const context = {
        principal: { user: 'somebody', root: [] as Path },
        standing: { check: () => {} },
        // Nothing is known of what lies elsewhere.
        contents: { has: () => true, find: () => [], add: () => {}, remove: () => {} },
        who: { user: 'somebody', peer: 'home' },
        storage,
        log: () => {},
      };
      this.#accept = (link) => {
        const lane = new Lane({ ...context, buffers, transfers } as unknown as ConstructorParameters<
          typeof Lane
        >[0]);
        const channel = new ServerChannel(link, {
          pool,
          handlers: lane.handlers,
          controlLimit: limits.controlFrameBytes,
          onBlock: (buffer, bodyBytes) => lane.block(buffer, bodyBytes),
          onEnd: () => lane.end(),
        });
        void channel;
      };
      this.#session = this.#newSession(process);
    });
  }

  #accept: (link: ConstructorParameters<typeof ServerChannel>[0]) => void = () => {};

  #newSession(server: Process): Session {
    const at = this.#world;
    const { latencyMs } = this.#network.manners;
    const pool = new BlockPool();
    return {
      rttMs: 2 * latencyMs,
      welcome: { lanes },
      channel: { ping: () => {} },
      openLane: async () => {
        const client = at.current;
        await new Promise<void>((resolve) => {
          at.timer(resolve, 2 * latencyMs);
        });
        if (!server.isAlive) throw new FerryError(Code.CONNECT_FAILED, 'nobody is there');
        const { near, far } = this.#network.connect(client, server);
        at.timer(() => this.#accept(far), latencyMs, { process: server });
        return new ClientChannel(near, { pool });
      },
    } as unknown as Session;
  }

  #startClient(): void {
    const at = this.#world;
    // The queue's lock lets one move at a time.
    if (this.#client?.isAlive === true) return;
    const process = at.process('ferry', this.#home);
    this.#client = process;
    folder(this.#home.disk, 'mine');
    folder(this.#home.disk, 'got');
    this.#watchDisk(this.#home.disk);
    at.post(process, () => {
      const connection = {
        session: async (signal?: AbortSignal) => {
          while (this.#session === undefined) {
            signal?.throwIfAborted();
            await sleep(at, 50);
          }
          return this.#session;
        },
      };
      Object.defineProperty(connection, 'current', { get: () => this.#session });
      const lanes = new Lanes(connection as unknown as Connection);
      const pool = new BlockPool(8);
      for (const job of this.#jobs)
        if (!isOver(job)) at.watch(process, this.#move(job, process, lanes, pool));
    });
  }

  async #move(job: Job, process: Process, lanes: Lanes, pool: BlockPool): Promise<void> {
    const at = this.#world;
    const isUpload = job.direction === 'upload';
    const root = Root.open(isUpload ? '/mine' : '/got');
    for (;;) {
      job.attempts += 1;
      const context: TransferContext = {
        lanes,
        pool,
        gate: new Gate(),
        placing: { existing: job.existing },
        resumed: job.attempts > 1,
        signal: new AbortController().signal,
        pace: unpaced,
        onBytes: () => {},
      };
      try {
        if (isUpload) await upload({ root, source: [job.name], target: [job.name] }, context);
        else await download({ root, source: [job.name], target: [job.name] }, context);
        if (process.isAlive) this.#acknowledge(job);
        return;
      } catch (thrown) {
        if (!process.isAlive) return;
        if (!(thrown instanceof FerryError)) throw thrown;
        at.trace(() => `${job.name}: ${thrown.codeName} ${thrown.message}`);
        // It may have got there without being told, and whoever knew is no more.
        const wasEnded = job.attempts > 1 || at.kills + at.powerCuts > 0;
        if (thrown.code === Code.EXISTS && wasEnded && this.#isThere(job)) {
          job.isFound = true;
          return;
        }
        at.must(
          expected.has(thrown.code) || thrown.retryable,
          () => `${job.name}: ${thrown.codeName} ${thrown.message}`,
        );
        await sleep(at, restMs);
      }
    }
  }

  #acknowledge(job: Job): void {
    this.#world.trace(() => `${job.name} is acknowledged`);
    job.acknowledged = true;
    this.#world.must(this.#isThere(job), `${job.name} is called there and is not`);
  }

  #isThere(job: Job): boolean {
    const inode = this.#targetOf(job).disk.root.names.get(targetFolder(job))?.names.get(job.name);
    return inode !== undefined && bytesOf(inode).equals(job.versions[0]!);
  }

  /** Whatever has the name of a file is a whole one; what was acknowledged is there. */
  #check(): void {
    for (const job of this.#jobs) {
      const inode = this.#targetOf(job).disk.root.names.get(targetFolder(job))?.names.get(job.name);
      if (inode !== undefined) this.#checkWhole(job, inode);
      this.#world.must(!job.acknowledged || this.#isThere(job), `${job.name} was acknowledged and is lost`);
    }
  }

  #checkWhole(job: Job, inode: Inode): void {
    const bytes = bytesOf(inode);
    const isWhole = job.versions.some((version) => version.equals(bytes));
    this.#world.must(isWhole, `${job.name} is torn`);
  }

  /**
   * An interruption costs each lane the block whose record was not written, and what was on its way besides. Small files begin
   * again as a whole, and so does what stays damaged; after a power cut nobody knows what is there.
   */
  #checkThrift(): void {
    const at = this.#world;
    const isOther = at.powerCuts > 0 || this.#network.damaged > 0;
    if (isOther || this.#jobs.some(({ versions: [content] }) => content!.length <= 8 * block)) return;
    const most = 2 * lanes * (at.kills + this.#network.cuts);
    at.must(this.again <= most, () => `${this.again} blocks came again, more than ${most}`);
  }

  #watchDisk(disk: Disk): void {
    disk.onName = (at, name, inode) => {
      if (inode === undefined) return;
      if (name.endsWith('.part')) this.#parts.set(inode, name);
      // Published: what a killed server forgets of that is sent once more.
      const part = this.#parts.get(inode);
      if (part !== undefined && name !== part) this.#written.delete(part);
      for (const job of this.#jobs)
        if (name === job.name && at === this.#targetOf(job).disk.root.names.get(targetFolder(job)))
          this.#checkWhole(job, inode);
    };
    disk.onWrite = (inode, place) => {
      const name = this.#parts.get(inode);
      if (name === undefined) return;
      const written = this.#written.get(name) ?? new Set();
      this.#written.set(name, written);
      if (written.has(place)) this.again += 1;
      written.add(place);
    };
  }

  #fault(): void {
    const at = this.#world;
    const choice = at.random(10);
    if (choice < 5) {
      at.trace(() => 'a line is cut');
      this.#network.cutOne();
    } else if (choice < 7) this.#kill(this.#client, () => this.#startClient());
    else if (choice < 9) this.#kill(this.#server, () => this.#startServer());
    else this.#cutPower(at.chance(50) ? this.#home : this.#there);
  }

  /** At once, or in one of the calls to come; somebody starts it again. */
  #kill(victim: Process | undefined, start: () => void): void {
    const at = this.#world;
    if (victim?.isAlive !== true) return;
    victim.onEnd.push(() => {
      if (victim === this.#server) this.#session = undefined;
      at.timer(start, 1 + at.random(500), { process: at.outside });
    });
    if (at.chance(30)) at.kill(victim);
    else victim.stepsLeft = 1 + at.random(60);
  }

  #cutPower(machine: Machine): void {
    const at = this.#world;
    this.#network.withoutFarewell(machine.name, () => at.cutPower(machine));
    if (machine === this.#there) this.#session = undefined;
    this.#check();
    const start = machine === this.#home ? () => this.#startClient() : () => this.#startServer();
    at.timer(start, 100 + at.random(1000), { process: at.outside });
  }
}

function isOver({ acknowledged, isFound }: Job): boolean {
  return acknowledged || isFound;
}

/** What may come of faults; after it a job's next attempt must do. */
const expected: ReadonlySet<Code> = new Set([Code.BAD_STATE, Code.MALFORMED, Code.INTEGRITY, Code.CANCELLED]);

function targetFolder({ direction }: Job): string {
  return direction === 'upload' ? 'share' : 'got';
}

function bytesOf(inode: Inode): Buffer {
  return inode.bytes.subarray(0, inode.size);
}

function sleep(at: World, ms: number): Promise<void> {
  return new Promise((resolve) => {
    at.timer(resolve, ms);
  });
}

export function folder(disk: Disk, name: string): Inode {
  const found = disk.root.names.get(name);
  if (found !== undefined) return found;
  const made = disk.make('folder', 0o755, 1n);
  disk.rename([{ folder: disk.root, name, inode: made }]);
  disk.syncAll();
  return made;
}

/** There since long ago. */
export function put(disk: Disk, where: string, name: string, bytes: Buffer): void {
  const inode = disk.make('file', 0o644, 1n);
  disk.write(inode, 0, bytes);
  disk.rename([{ folder: folder(disk, where), name, inode }]);
  disk.syncAll();
}
