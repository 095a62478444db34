/** What is moved while somebody is killed: a folder one way, or one each way at once, in any of the ways to treat names that are taken. */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after } from 'node:test';
import { EntryKind } from '@ferry/protocol';
import type { JobId, JobOrder } from '../../packages/tui/src/engine/job.ts';
import type { ConflictPolicy } from '../../packages/tui/src/transfer/conflict.ts';
import { ferryMain } from '../e2e/server.ts';
import { eventually } from '../e2e/terminal.ts';
import { arrived, assertArrived, cargo, olderCargo, sources, stow } from '../support/cargo.ts';
import { partialsIn } from '../support/partials.ts';
import { path, scratchFolder } from '../support/scratch.ts';
import { localPath } from '../tui/engine/bench.ts';

type Direction = JobOrder['direction'];

/** Seconds since 1970. */
const newer = 1_700_000_000;
const older = 1_600_000_000;

/** What replaces what is there goes over other versions. */
const replacing: readonly ConflictPolicy[] = ['overwrite', 'newer', 'content-differs'];
/** A command that is typed again finds its own files in the way; a job does not. */
const adding = { byHand: ['skip', 'resume', 'overwrite'], byQueue: ['fail', 'skip', 'keep-both'] } as const;

/** The one folder that is moved, which stays as it is, and where to. */
export class Trip {
  readonly direction: Direction;
  readonly from: string;
  readonly to: string;
  readonly staging: string;
  readonly #place: Place;
  readonly policy: ConflictPolicy;
  readonly replaces: boolean;

  constructor(
    place: Place,
    direction: Direction,
    how: keyof typeof adding,
    random: (below: number) => number,
  ) {
    const { share, own } = place;
    this.#place = place;
    this.direction = direction;
    const name = `trip-${place.trips++}`;
    this.from = join(direction === 'download' ? share : own, 'from');
    this.to = join(direction === 'download' ? own : share, `${name}-to`);
    this.staging = direction === 'download' ? this.to : share;
    this.replaces = random(2) === 0;
    const policies = this.replaces ? replacing : adding[how];
    this.policy = policies[random(policies.length)] ?? 'overwrite';
    if (!existsSync(this.from)) stow(this.from, cargo, newer);
    stow(this.to, this.replaces ? olderCargo : new Map(), older);
  }

  get remoteName(): string {
    return basename(this.direction === 'download' ? this.from : this.to);
  }

  orders(): JobOrder[] {
    return sources.map((source) => {
      const remote = path(`${this.remoteName}/${source}`);
      const local = localPath(this.direction === 'download' ? this.to : this.from, source);
      return {
        direction: this.direction,
        source: this.direction === 'download' ? remote : local,
        target: this.direction === 'download' ? local : remote,
        kind: source === 'box' ? EntryKind.folder : EntryKind.file,
        existing: this.policy,
      };
    });
  }

  /** As a user would type it. */
  command(address: string): string[] {
    const there = (source: string): string => `${address}/${this.remoteName}/${source}`;
    const names = sources.map((source) =>
      this.direction === 'download' ? there(source) : join(this.from, source),
    );
    const verb = this.direction === 'download' ? 'get' : 'put';
    const to = this.direction === 'download' ? `${this.to}/` : `${address}/${this.remoteName}/`;
    return [ferryMain, verb, '-r', '--json', '--accept-new', '--existing', this.policy, ...names, to];
  }

  /** Right after a kill. `done`: the sources that somebody was told of. Gives whether it was in the middle. */
  checkTorn(done: readonly string[], hint: string): boolean {
    const fresh = arrived(this.to, cargo, this.replaces ? olderCargo : undefined, hint);
    for (const source of done)
      for (const name of cargo.keys())
        if (name === source || name.startsWith(`${source}/`))
          assert.ok(fresh.has(name), `${hint}: ${name} was told of and is not there`);
    return partialsIn(this.staging).names.length > 0 || (fresh.size > 0 && fresh.size < cargo.size);
  }

  async checkComplete(hint: string): Promise<void> {
    assertArrived(this.from, this.to, cargo, hint);
    const tolerated = `-${this.#place.survivor}-`;
    const left = (): readonly string[] =>
      partialsIn(this.staging).names.filter((name) => !name.includes(tolerated));
    // The server tidies up after a lane when it hears of its end.
    if (this.direction === 'upload')
      await eventually('nothing left', () => left().length === 0).catch(() => {});
    assert.deepEqual(left(), [], `${hint}: left behind`);
    if (this.direction === 'download')
      assert.ok(!existsSync(join(this.to, '.ferry')), `${hint}: .ferry is left`);
    rmSync(this.to, { recursive: true });
  }
}

export type Place = {
  readonly share: string;
  readonly own: string;
  trips: number;
  /** A thread that died leaves parts that look like those of the living, until the server is started again. */
  survivor: number | undefined;
};

export function newPlace(): Place {
  const home = scratchFolder({ after });
  const place = { share: join(home, 'share'), own: join(home, 'own'), trips: 0, survivor: undefined };
  mkdirSync(place.share);
  mkdirSync(place.own);
  return place;
}

/** A trip each way, at once. */
export class Errand {
  readonly #trips: readonly [Trip, Trip];
  readonly what: string;
  readonly orders: readonly JobOrder[];
  /** Of the orders. */
  ids: readonly JobId[] = [];

  constructor(place: Place, random: (below: number) => number) {
    const get = new Trip(place, 'download', 'byQueue', random);
    const put = new Trip(place, 'upload', 'byQueue', random);
    this.#trips = [get, put];
    this.what = `get as ${get.policy} and put as ${put.policy}`;
    this.orders = this.#trips.flatMap((trip) => trip.orders());
  }

  scene(random: (below: number) => number): Trip {
    return this.#trips[random(2) === 0 ? 0 : 1];
  }

  checkTorn(isDone: (id: JobId) => boolean, hint: string): boolean {
    const inTheMiddle = this.#trips.map((trip, i) =>
      trip.checkTorn(
        sources.filter((_, k) => isDone(this.ids[i * sources.length + k] ?? 0)),
        hint,
      ),
    );
    return inTheMiddle.includes(true);
  }

  async checkComplete(): Promise<void> {
    for (const trip of this.#trips) await trip.checkComplete(this.what);
  }
}
