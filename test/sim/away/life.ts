/**
 * One seed's story of a file on its way while the net goes away and comes back, with the real connection, session, lanes and
 * transfer on one side and the real server's lanes on the other. Loaded by main.ts after the model's clock and files are in
 * place.
 */

import assert from 'node:assert/strict';
import type { Name, Path } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { Root } from '@ferry/protocol/disk';
import type { Link } from '@ferry/protocol/link';
import { attach, hello, protocolVersion, ticket } from '@ferry/protocol/messages';
import { fingerprintOf, handler, ServerChannel } from '@ferry/protocol/session';
import { limits } from '../../../packages/protocol/src/limits.ts';
import { BufferShares } from '../../../packages/server/src/session/buffer-shares.ts';
import { Lane } from '../../../packages/server/src/session/lane.ts';
import { LocalStorage } from '../../../packages/server/src/storage/local.ts';
import { Transfers } from '../../../packages/server/src/worker/transfers.ts';
import { Connection } from '../../../packages/tui/src/client/connection.ts';
import { Lanes } from '../../../packages/tui/src/client/lanes.ts';
import type { TransferContext } from '../../../packages/tui/src/transfer/context.ts';
import { download } from '../../../packages/tui/src/transfer/download.ts';
import { Gate } from '../../../packages/tui/src/transfer/gate.ts';
import { unpaced } from '../../../packages/tui/src/transfer/pace.ts';
import { upload } from '../../../packages/tui/src/transfer/upload.ts';
import { randomFrom } from '../../support/random.ts';
import { Network } from '../model/network.ts';
import { chaos, folder, put } from '../transfer/life.ts';
import type { Machine, World } from '../world.ts';
import { listen } from './dial.ts';

const name = 'f' as Name;
/** Some seconds on these lines, so that it is on its way when the net goes. */
const blocks = 120;
const endMs = 1_200_000;

export type Story = {
  readonly awayMs: number;
  /** From the net's return to the first new byte on the receiver's disk. */
  readonly lateMs: number;
};

/** One lane of several falls silent. */
export type StallStory = {
  readonly isUpload: boolean;
  /** From then until all was there. */
  readonly lateMs: number;
};

export class AwayLife {
  readonly #world: World;
  readonly #network: Network;
  readonly #home: Machine;
  readonly #there: Machine;
  readonly #isUpload: boolean;
  #isOnline = false;
  #isOver = false;

  constructor(at: World, latenciesMs: readonly number[] = [0.5, 20, 100]) {
    this.#world = at;
    this.#home = at.machine('home');
    this.#there = at.machine('there');
    this.#isUpload = at.chance(50);
    this.#network = new Network(at, {
      latencyMs: at.pick(latenciesMs)!,
      bytesPerMs: 2,
      damagedPerMille: 0,
    });
  }

  /** @returns the disk that it goes to */
  #begin(): Machine {
    const [source, target] = this.#isUpload ? [this.#home, this.#there] : [this.#there, this.#home];
    const content = chaos.subarray(0, blocks * limits.blockBytes);
    put(source.disk, this.#isUpload ? 'mine' : 'share', name, content);
    folder(target.disk, this.#isUpload ? 'share' : 'got');
    this.#serve();
    this.#move();
    return target;
  }

  async stall(): Promise<StallStory> {
    const at = this.#world;
    this.#begin();
    await at.run(at.nowMs + endMs, () => this.#network.lines.size > 2);
    await at.run(at.nowMs + at.random(1500));
    at.must(!this.#isOver, 'the file was there before a lane stood still');
    // The first is the session's.
    const [, ...lanes] = this.#network.lines;
    const lane = at.pick(lanes);
    assert.ok(lane !== undefined);
    lane.isSilent = true;
    const sinceMs = at.nowMs;
    await at.run(at.nowMs + endMs, () => this.#isOver);
    at.must(this.#isOver, 'the file never came');
    const lateMs = at.nowMs - sinceMs;
    at.must(lateMs <= 30_000, () => `${lateMs} ms after a lane fell silent`);
    return { isUpload: this.#isUpload, lateMs };
  }

  async run(): Promise<Story> {
    const at = this.#world;
    const awayMs = 1000 * (1 + at.random(at.chance(70) ? 60 : 600));
    const target = this.#begin();
    await at.run(at.nowMs + endMs, () => this.#isOnline);
    await at.run(at.nowMs + at.random(1500));
    at.must(!this.#isOver, 'the file was there before the net went');
    this.#network.goAway();
    await at.run(at.nowMs + awayMs);
    at.must(!this.#isOver, 'the file came without a net');
    const backMs = at.nowMs;
    let movedMs = 0;
    target.disk.onWrite = () => {
      movedMs ||= at.nowMs;
    };
    this.#network.comeBack();
    await at.run(backMs + endMs, () => this.#isOver);
    at.must(this.#isOver, 'the file never came');
    const lateMs = movedMs - backMs;
    // Both ways of a connection awake in their own time, and a lane that is to be opened may wait for both.
    const mostMs = Math.max(5000, awayMs / 20);
    at.must(lateMs <= mostMs, () => `${lateMs} ms late after ${awayMs} ms`);
    return { awayMs, lateMs };
  }

  #serve(): void {
    const at = this.#world;
    const process = at.process('ferryd', this.#there);
    folder(this.#there.disk, 'share');
    at.post(process, () => {
      const most = 16 * limits.workerBlockBuffers;
      // Buffers wait in lines here, and not in the system: those of dead lines must leave enough for the others.
      const pool = new BlockPool(most);
      const context = {
        principal: { user: 'somebody', root: [] as Path },
        standing: { check: () => {} },
        contents: { has: () => true, find: () => [], add: () => {}, remove: () => {} },
        who: { user: 'somebody', peer: 'home' },
        storage: LocalStorage.open('/share'),
        log: () => {},
        buffers: new BufferShares(pool, most).of('somebody'),
        transfers: new Transfers(),
      } as unknown as ConstructorParameters<typeof Lane>[0];
      const accept = (link: Link): void => {
        const lane = new Lane(context);
        const channel: ServerChannel = new ServerChannel(link, {
          pool,
          handlers: new Map([
            handler(hello, () => welcome),
            handler(ticket, () => ({ ticket: Buffer.alloc(1) })),
            handler(attach, () => {
              channel.become(lane.handlers, limits.laneFrameBytes, (buffer, bytes) =>
                lane.block(buffer, bytes),
              );
              return {};
            }),
          ]),
          onEnd: () => lane.end(),
        });
      };
      const isUnreachable = at.chance(50);
      listen({ network: this.#network, server: process, isUnreachable: () => isUnreachable, accept });
    });
  }

  #move(): void {
    const at = this.#world;
    const process = at.process('ferry', this.#home);
    const random = randomFrom(at.random(2 ** 31));
    folder(this.#home.disk, 'mine');
    folder(this.#home.disk, 'got');
    at.post(process, () => {
      const pool = new BlockPool(8);
      const connection = new Connection({
        spec: {
          host: 'there',
          port: 1,
          fingerprint: fingerprintOf(Buffer.from('the server')),
          device: { publicKey: Buffer.alloc(32), sign: () => Buffer.alloc(64) },
          token: undefined,
          client: 'sim',
          pool,
        },
        onStatus: ({ phase }) => {
          at.trace(() => phase);
          this.#isOnline = phase === 'online';
        },
        attempts: { first: 1, laterMs: Number.POSITIVE_INFINITY },
        random: () => random(1000) / 1000,
      });
      const context: TransferContext = {
        lanes: new Lanes(connection),
        pool,
        gate: new Gate(),
        placing: { existing: 'fail' },
        resumed: false,
        signal: new AbortController().signal,
        pace: unpaced,
        onBytes: () => {},
      };
      const root = Root.open(this.#isUpload ? '/mine' : '/got');
      const moved = this.#isUpload
        ? upload({ root, source: [name], target: [name] }, context)
        : download({ root, source: [name], target: [name] }, context);
      at.watch(
        process,
        moved.then(() => {
          this.#isOver = true;
          connection.close();
        }),
      );
    });
  }
}

const welcome = {
  version: protocolVersion,
  features: 0,
  sessionId: Buffer.alloc(16),
  sessionSecret: Buffer.alloc(32),
  user: 'somebody',
  readOnly: false,
  lanes: 4,
};
