/**
 * Rounds of harm to a fleet: twenty transfers, four people who want one name, four who want one invite, and talk; in the middle
 * something is killed, and comes back. Then all that anybody was told is compared with what is there.
 *
 * The oracle knows the fleet from outside alone: what clients were told as done, the files on this side, and what the store holds.
 */

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as rest } from 'node:timers/promises';
import { asFerryError, Code, EntryKind, FerryError } from '@ferry/protocol';
import { history, join as joinRoom, RoomKind } from '@ferry/protocol/messages';
import { parseFingerprint } from '@ferry/protocol/session';
import { EngineCore } from '../../packages/tui/src/engine/engine-core.ts';
import { isOver, type JobId, type JobOrder } from '../../packages/tui/src/engine/job.ts';
import { type Device, logInto, newDevice } from '../support/client.ts';
import { seededBytes } from '../support/content.ts';
import { path } from '../support/scratch.ts';
import { localPath, Watch } from '../tui/engine/bench.ts';
import { digestOf, type Fleet, type Part } from './fleet.ts';

const clients = 4;
/** Each way, all clients together. */
const transfers = 10;
const lines = 6;
const room = '#rounds';
/** Bytes per second of a client, so that there is a middle to kill something in. */
const rate = 4_000_000;
/** Milliseconds that something is away, at most. */
const longestAway = 3000;

/** What one round came to. */
export type Figures = {
  readonly killed: string;
  /** Transfers that were not over when it died. */
  readonly interrupted: number;
  readonly transfers: number;
  readonly seconds: number;
};

/** What each client brought, all of one name. */
type Contest = ReadonlyMap<Client, { readonly id: JobId; readonly name: string; readonly digest: string }>;

type Client = { readonly name: string; readonly engine: EngineCore; readonly watch: Watch };

export class Rounds {
  readonly #fleet: Fleet;
  readonly #random: (below: number) => number;
  readonly #folder: string;
  readonly #clients: Client[] = [];
  /** Files that somebody was told are there: digests by path. */
  readonly #promised = new Map<string, string>();
  /** Lines that were acknowledged, by whom, in their order. */
  readonly #said = new Map<string, string[]>();
  #spent = 0;
  #won = 0;
  #round = 0;

  /** @param folder empty, for what the clients have */
  constructor(fleet: Fleet, folder: string, random: (below: number) => number) {
    this.#fleet = fleet;
    this.#folder = folder;
    this.#random = random;
  }

  /** Clients log in, and put there what they will fetch. */
  async prepare(): Promise<void> {
    const { host, port, fingerprint } = this.#fleet;
    const pin = parseFingerprint(fingerprint);
    assert.ok(pin);
    const token = await this.#fleet.invite('mover', clients);
    for (let i = 0; i < clients; i++) {
      const name = `client-${i}`;
      const own = join(this.#folder, name);
      mkdirSync(own);
      const engine = new EngineCore({
        address: { host, port },
        fingerprint: pin,
        token,
        deviceKeyFile: join(own, 'device.key'),
        client: `test ${i}`,
        attempts: { first: Number.POSITIVE_INFINITY, laterMs: Number.POSITIVE_INFINITY },
      });
      this.#clients.push({ name, engine, watch: new Watch(engine) });
      this.#said.set(name, []);
      await engine.at().chat.join(room, { create: true });
    }
    await this.#clients[0]?.engine.remote.mkdir(path('sources'));
    const order = this.#upload(0, 'sources', this.#sizes());
    await this.#allDone(order.client, await order.client.engine.submit(order.orders), 'the sources');
    for (const { engine } of this.#clients) engine.setLimits({ up: rate, down: rate });
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map(({ engine }) => engine.close()));
  }

  /** Throws where something was lost, torn, given twice or never came to its end. */
  async round(part: Part): Promise<Figures> {
    const round = this.#round++;
    const begun = performance.now();
    const hint = `round ${round}, ${part.name} killed`;
    const token = await this.#fleet.invite(`guest-${round}`, 1);
    const moving = await this.#submitAll(round);
    const contested = await this.#contest(round);
    const talk = Promise.all(this.#clients.map((client) => this.#talk(client, round)));
    const jobs = moving.flatMap(({ client, ids }) => ids.map((id) => ({ client, id })));
    await this.#inTheMiddle(jobs);
    const interrupted = jobs.filter(({ client, id }) => !isOverAt(client, id)).length;
    const race = this.#race(token, hint);
    await part.kill();
    await rest(this.#random(longestAway));
    await part.start();
    for (const { engine } of this.#clients) engine.reconnect();
    for (const { client, ids } of moving) await this.#allDone(client, ids, hint);
    for (const [name, digest] of await this.#winner(contested, hint)) this.#promised.set(name, digest);
    await talk;
    this.#spent += await race;
    this.#checkFetched(hint);
    await part.healed();
    this.#checkAgainst(await this.#fleet.stored(), hint);
    rmSync(join(this.#folder, 'fetched'), { recursive: true, force: true });
    const seconds = (performance.now() - begun) / 1000;
    return { killed: part.name, interrupted, transfers: jobs.length, seconds };
  }

  /** What all rounds together came to: everything that was ever told is looked for once more. */
  async conclude(): Promise<string> {
    this.#checkAgainst(await this.#fleet.storedAfresh(), 'after all rounds');
    await this.#checkTalk();
    const said = [...this.#said.values()].reduce((sum, own) => sum + own.length, 0);
    return (
      `${this.#round} rounds: ${2 * transfers * this.#round} transfers verified; ${this.#promised.size} files promised, 0 lost; ` +
      `${this.#spent} invites spent, 0 twice; ${this.#won} names fought over, 0 with two winners; ${said} lines said, 0 lost`
    );
  }

  #sizes(): number[] {
    return Array.from({ length: transfers }, (_, i) => {
      if (i < 3) return 4_000_000 + this.#random(8_000_000);
      return i < 7 ? 200_000 + this.#random(2_000_000) : this.#random(60_000);
    });
  }

  /** Files of these sizes, made here, to go into that folder there. */
  #upload(
    by: number,
    folder: string,
    sizes: readonly number[],
  ): { readonly client: Client; readonly orders: readonly JobOrder[] } {
    const client = this.#clients[by % clients];
    assert.ok(client);
    const here = join(this.#folder, client.name, folder);
    mkdirSync(here, { recursive: true });
    const orders = sizes.map((size, i): JobOrder => {
      const name = `${client.name}-${i}`;
      const bytes = seededBytes(size, 1 + this.#random(2 ** 31 - 2));
      writeFileSync(join(here, name), bytes);
      this.#promised.set(`${folder}/${name}`, digestOf(bytes));
      return {
        direction: 'upload',
        source: localPath(here, name),
        target: path(`${folder}/${name}`),
        kind: EntryKind.file,
        existing: 'fail',
      };
    });
    return { client, orders };
  }

  /** Ten each way, shared among all clients. */
  async #submitAll(
    round: number,
  ): Promise<readonly { readonly client: Client; readonly ids: readonly JobId[] }[]> {
    const sizes = this.#sizes();
    const sources = [...this.#promised.keys()].filter((name) => name.startsWith('sources/'));
    await this.#clients[0]?.engine.remote.mkdir(path(`round-${round}`));
    const submitted = this.#clients.map(async (_, by) => {
      const own = sizes.filter((_size, i) => i % clients === by);
      const { client, orders } = this.#upload(by, `round-${round}`, own);
      const fetched = join(this.#folder, 'fetched');
      mkdirSync(fetched, { recursive: true });
      const downloads = sources
        .filter((_source, i) => i % clients === by)
        .map((name): JobOrder => {
          const [, file = ''] = name.split('/');
          const target = localPath(fetched, file);
          return {
            direction: 'download',
            source: path(name),
            target,
            kind: EntryKind.file,
            existing: 'fail',
          };
        });
      return { client, ids: await client.engine.submit([...orders, ...downloads]) };
    });
    return await Promise.all(submitted);
  }

  /** Every client brings a file of its own, all of one name. */
  async #contest(round: number): Promise<Contest> {
    const name = `contested-${round}`;
    const size = 1 + this.#random(3_000_000);
    const brought = this.#clients.map(async (client) => {
      const bytes = seededBytes(size, 1 + this.#random(2 ** 31 - 2));
      const file = join(this.#folder, client.name, name);
      writeFileSync(file, bytes);
      const [id] = await client.engine.submit([
        {
          direction: 'upload',
          source: localPath(file),
          target: path(name),
          kind: EntryKind.file,
          existing: 'fail',
        },
      ]);
      assert.ok(id !== undefined);
      return [client, { id, name, digest: digestOf(bytes) }] as const;
    });
    return new Map(await Promise.all(brought));
  }

  /** One of them has the name, and the others were told so. */
  async #winner(contested: Contest, hint: string): Promise<readonly (readonly [string, string])[]> {
    const won: [string, string][] = [];
    for (const [client, { id, name, digest }] of contested) {
      const { phase, error } = await client.watch.over(id);
      if (phase === 'done') won.push([name, digest]);
      else assert.equal(error?.[0], Code.EXISTS, `${hint}: ${client.name} lost ${name} by ${error?.[1]}`);
    }
    assert.equal(won.length, 1, `${hint}: so many have won one name`);
    this.#won += 1;
    return won;
  }

  /** Until some of the bytes have been moved, or all. */
  async #inTheMiddle(jobs: readonly { readonly client: Client; readonly id: JobId }[]): Promise<void> {
    const wanted = 1 + this.#random(30_000_000);
    const sum = (): number =>
      jobs.reduce((bytes, { client, id }) => bytes + (client.watch.jobs.get(id)?.doneBytes ?? 0), 0);
    const isReached = (): boolean => sum() >= wanted || jobs.every(({ client, id }) => isOverAt(client, id));
    await Promise.race(this.#clients.map(({ watch }) => watch.until(isReached)));
  }

  async #allDone(client: Client, ids: readonly JobId[], hint: string): Promise<void> {
    for (const id of ids) {
      const { phase, error, target } = await client.watch.over(id);
      assert.equal(phase, 'done', `${hint}: ${client.name}, ${target.join('/')}: ${JSON.stringify(error)}`);
    }
  }

  async #talk({ name, engine }: Client, round: number): Promise<void> {
    for (let i = 0; i < lines; i++) {
      const line = `${name} says ${i} in round ${round}`;
      await engine.at().chat.say(room, line, undefined);
      this.#said.get(name)?.push(line);
    }
  }

  /** As many strangers as there are clients show one invite at once, and again where no answer came. Gives how many it let in. */
  async #race(token: Uint8Array, hint: string): Promise<number> {
    const devices = Array.from({ length: clients }, newDevice);
    const entered = await Promise.all(devices.map((device) => this.#enter(device, token)));
    const count = entered.filter(Boolean).length;
    assert.equal(count, 1, `${hint}: so many got in by an invite for one`);
    return count;
  }

  /** Whether the invite was this device's in the end: an answer that was lost says nothing, so it is asked for. */
  async #enter(device: Device, token: Uint8Array): Promise<boolean> {
    for (;;) {
      for (const login of [{ device, token }, { device }]) {
        try {
          const { channel } = await logInto(this.#fleet, login);
          channel.abort(new FerryError(Code.CANCELLED, 'it is in'));
          return true;
        } catch (thrown) {
          const error = asFerryError(thrown);
          if (error.code === Code.AUTH_FAILED && !('token' in login)) return false;
          if (error.code !== Code.AUTH_FAILED && !error.retryable) throw error;
          // Neither yes nor no.
          if (error.code !== Code.AUTH_FAILED) break;
        }
      }
      await rest(100);
    }
  }

  #checkFetched(hint: string): void {
    for (const [name, digest] of this.#promised) {
      const [folder, file = ''] = name.split('/');
      if (folder !== 'sources') continue;
      assert.equal(digestOf(readFileSync(join(this.#folder, 'fetched', file))), digest, `${hint}: ${file}`);
    }
  }

  /** Everything that was promised is there, and nothing else is. */
  #checkAgainst(stored: ReadonlyMap<string, string>, hint: string): void {
    for (const [name, digest] of this.#promised)
      assert.equal(stored.get(name), digest, `${hint}: ${name} was told of and is not what it was`);
    const more = [...stored.keys()].filter((name) => !this.#promised.has(name));
    assert.deepEqual(more, [], `${hint}: nobody was told of these`);
  }

  /** Every acknowledged line once, those of one person in their order. */
  async #checkTalk(): Promise<void> {
    const device = newDevice();
    const token = await this.#fleet.invite('reader', 1);
    const { channel } = await logInto(this.#fleet, { device, token });
    const { room: number } = await channel.call(joinRoom, {
      kind: RoomKind.open,
      name: room.slice(1),
      create: false,
      sealing: undefined,
    });
    const found: string[] = [];
    for (let after = 0; ; ) {
      const before = found.length;
      await channel.call(
        history,
        { room: number, after, most: 200 },
        {
          onPart: ({ messages }) => {
            for (const { seq, text = '' } of messages) {
              assert.ok(seq > after, 'the order of the room');
              after = seq;
              found.push(text);
            }
          },
        },
      );
      if (found.length === before) break;
    }
    for (const [name, own] of this.#said)
      assert.deepEqual(
        found.filter((text) => text.startsWith(`${name} `)),
        own,
        `what ${name} said`,
      );
    channel.abort(new FerryError(Code.CANCELLED, 'it has read all'));
  }
}

function isOverAt(client: Client, id: JobId): boolean {
  const job = client.watch.jobs.get(id);
  return job !== undefined && isOver(job.phase);
}
