/**
 * What becomes of a file whose name may be taken where it goes: looks there, has transfer/conflict decide, and finds the free name
 * for one that is kept beside. Called by job-files.ts; I/O thread.
 */

import {
  baseName,
  Code,
  EntryKind,
  type Facts,
  FerryError,
  joinPath,
  limits,
  type Name,
  type Path,
  parentPath,
} from '@ferry/protocol';
import { blockDigest, sameDigest } from '@ferry/protocol/content';
import * as disk from '@ferry/protocol/disk';
import type { LaneSource } from '../client/lanes.ts';
import {
  type ConflictRule,
  type Decision,
  decide,
  keepBothName,
  type Question,
} from '../transfer/conflict.ts';
import type { Placing } from '../transfer/context.ts';
import { fetchManifest, worthComparingBytes } from '../transfer/delta.ts';
import type { FileItem } from '../transfer/packs.ts';
import type { Origin } from '../transfer/relay-file.ts';
import { overAnyLine } from '../transfer/retry.ts';
import { isSameVersion } from '../transfer/same-version.ts';
import { takeTurns } from '../transfer/take-turns.ts';
import { BelievedNames } from './believed-names.ts';
import type { JobId } from './job.ts';
import { lastOf, type WalkContext } from './walk.ts';

export type Put = {
  readonly do: 'put';
  readonly placing: Placing;
  /** Instead of its own. */
  readonly name?: Name;
  /** What it replaces. */
  readonly old?: Facts;
};

export type Place =
  | Put
  /** `there`: an earlier process of this job has put it there. */
  | { readonly do: 'nothing'; readonly why: 'there' | 'skipped' }
  | { readonly do: 'ask'; readonly question: Question };

export type TakenNamesOpts = {
  readonly job: JobId;
  readonly lanes: LaneSource;
  /** As LiveJobContext.resumed. */
  readonly resumed: boolean;
  readonly walk: () => WalkContext;
};

export class TakenNames {
  readonly #opts: TakenNamesOpts;
  readonly #believed = new BelievedNames();
  #isBlind = false;

  constructor(opts: TakenNamesOpts) {
    this.#opts = opts;
  }

  /**
   * Whether the rule can be followed only by who has looked at the target. Otherwise the file is sent first, as nothing is in the
   * way of most, and EXISTS asks for a look.
   */
  wantsLook({ policy, allowEmpty }: ConflictRule, { size }: FileItem): boolean {
    if (this.#opts.walk().order.direction === 'download') return true;
    if (policy === 'overwrite') return size >= worthComparingBytes || (size === 0 && allowEmpty !== true);
    return policy !== 'fail' && policy !== 'ask' && policy !== 'keep-both';
  }

  /** Of files of one folder, by their place: whether the name is taken, where the rule wants that known. @throws {FerryError} */
  async lookAll(rule: ConflictRule, items: readonly [FileItem, ...FileItem[]]): Promise<readonly boolean[]> {
    const { order, openRoot } = this.#opts.walk();
    if (order.direction === 'download') {
      const names = items.flatMap(({ below }) => baseName(below) ?? []);
      return disk.takenIn(openRoot(), parentPath(this.#targetOf(items[0].below)), names);
    }
    return Promise.all(
      items.map(async (item) => this.wantsLook(rule, item) && (await this.look(item)) !== undefined),
    );
  }

  /** Without a look. */
  unseen({ policy }: ConflictRule): Put {
    return { do: 'put', placing: { existing: policy === 'overwrite' ? 'overwrite' : 'fail' } };
  }

  /** What is at the item's target; undefined for nothing. @throws {FerryError} */
  async look({ below }: FileItem): Promise<Facts | undefined> {
    return this.#lookAt(this.#targetOf(below));
  }

  /** The server takes files and does not say what is there: a name that is taken shows when a file gets there. */
  get isBlind(): boolean {
    return this.#isBlind;
  }

  /**
   * By the rule, where these names were found taken and nobody may look.
   * @throws {FerryError} EXISTS when there is nothing left to try
   */
  placeBlindly({ below }: FileItem, { policy }: ConflictRule, taken: ReadonlySet<Name | undefined>): Place {
    const own = baseName(below) ?? baseName(this.#opts.walk().order.target);
    if (policy === 'skip') return { do: 'nothing', why: 'skipped' };
    if (policy === 'keep-both' && own !== undefined) {
      const name = keepBothName(own, (candidate) => taken.has(candidate));
      return { do: 'put', placing: { existing: 'fail' }, name };
    }
    throw new FerryError(
      Code.EXISTS,
      'that name is taken, and you may neither see nor replace what is there',
    );
  }

  /**
   * By the rule, given what is there.
   * @throws {FerryError} EXISTS when the rule says so, and what looking at either side throws
   */
  async place(
    item: FileItem,
    target: Facts | undefined,
    rule: ConflictRule,
    mayAsk: boolean,
  ): Promise<Place> {
    const { walk, resumed, job } = this.#opts;
    const { direction, source: from } = walk().order;
    const modified = item.modified ?? { s: 0, ns: 0 };
    const source = { kind: EntryKind.file, size: item.size, modified } as const;
    if (target !== undefined && resumed && isSameVersion(target, source))
      return { do: 'nothing', why: 'there' };
    const facts = {
      job,
      direction,
      ...(walk().origin === undefined ? {} : { isBetween: true }),
      sourcePath: joinPath(from, ...item.below),
      targetPath: joinPath(walk().order.target, ...item.below),
      source,
      target:
        target === undefined
          ? undefined
          : { kind: target.kind, size: target.size, modified: target.modified },
    };
    const opts = { allowEmpty: rule.allowEmpty ?? false, mayAsk };
    let decision: Decision = decide(rule.policy, facts, opts);
    if (decision.do === 'compare' && target !== undefined) {
      const sameContent = await this.#isSame(item, target);
      decision = decide(rule.policy, { ...facts, sameContent }, opts);
    }
    switch (decision.do) {
      case 'write':
        return { do: 'put', placing: { existing: 'fail' } };
      case 'replace':
        return {
          do: 'put',
          placing: { existing: 'overwrite', expected: target?.identity },
          ...(target === undefined ? {} : { old: target }),
        };
      case 'rename':
        return this.#beside(item, source);
      case 'skip':
        return { do: 'nothing', why: 'skipped' };
      case 'ask':
        return { do: 'ask', question: decision.question };
      case 'fail':
        throw decision.error;
      case 'compare':
        throw new FerryError(Code.INTERNAL, 'the files were compared in vain');
    }
  }

  async #beside(item: FileItem, source: Pick<Facts, 'kind' | 'size' | 'modified'>): Promise<Place> {
    const own = baseName(item.below) ?? baseName(this.#opts.walk().order.target);
    if (own === undefined) throw new FerryError(Code.EXISTS, 'that name is taken');
    const taken = new Set<Name>([own]);
    for (;;) {
      const name = keepBothName(own, (candidate) => taken.has(candidate));
      const there = await this.#lookAt(joinPath(parentPath(this.#targetOf(item.below)), name));
      if (there === undefined) return { do: 'put', placing: { existing: 'fail' }, name };
      if (this.#opts.resumed && isSameVersion(there, source)) return { do: 'nothing', why: 'there' };
      taken.add(name);
    }
  }

  /**
   * To be called before what is `there` counts as moved. What a server has named is its own to bring to the disk.
   * @throws {FerryError} as BelievedNames.believe
   */
  async believe({ below }: FileItem): Promise<void> {
    const { order, openRoot } = this.#opts.walk();
    if (order.direction === 'download') await this.#believed.believe(openRoot(), this.#targetOf(below));
  }

  /** As the side it is on sees it. */
  #targetOf(below: Path): Path {
    const { direction, target } = this.#opts.walk().order;
    return joinPath(direction === 'upload' ? target : lastOf(target), ...below);
  }

  async #lookAt(path: Path): Promise<Facts | undefined> {
    const { order, remote, openRoot, signal } = this.#opts.walk();
    try {
      if (order.direction === 'download') return disk.stat(openRoot(), path);
      return await overAnyLine(() => remote.stat(path, { signal }), signal);
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      if (error.code === Code.NOT_FOUND) return undefined;
      if (error.code !== Code.FORBIDDEN || order.direction === 'download') throw error;
      this.#isBlind = true;
      return undefined;
    }
  }

  /** What both servers say of their blocks. */
  async #isSameThere({ remote, lanes }: Origin, { below }: FileItem, target: Facts): Promise<boolean> {
    const { order, signal } = this.#opts.walk();
    const from = joinPath(order.source, ...below);
    return overAnyLine(async () => {
      const facts = await remote.stat(from, { signal });
      if (facts.size !== target.size) return false;
      const [ours, theirs] = await Promise.all([
        digestsOf(lanes, from, facts, signal),
        digestsOf(this.#opts.lanes, joinPath(order.target, ...below), target, signal),
      ]);
      return ours.every((digest, i) => sameDigest(digest, theirs[i] ?? new Uint8Array()));
    }, signal);
  }

  /** Block by block against the server's digests; both are of one size. */
  async #isSame(item: FileItem, target: Facts): Promise<boolean> {
    const { order, remote, origin, openRoot, signal } = this.#opts.walk();
    if (origin !== undefined) return this.#isSameThere(origin, item, target);
    const isUpload = order.direction === 'upload';
    const here = joinPath(lastOf(isUpload ? order.source : order.target), ...item.below);
    const there = joinPath(isUpload ? order.target : order.source, ...item.below);
    return overAnyLine(async () => {
      const facts = isUpload ? target : await remote.stat(there, { signal });
      const lane = await this.#opts.lanes.take(signal);
      try {
        const { blocks } = await fetchManifest(lane.channel, there, facts, signal);
        const file = disk.openRead(openRoot(), here);
        try {
          return file.facts.size === facts.size && (await hasBlocks(file, blocks, signal));
        } finally {
          file.close();
        }
      } finally {
        lane.release();
      }
    }, signal);
  }
}

async function digestsOf(
  lanes: LaneSource,
  path: Path,
  facts: Facts,
  signal: AbortSignal,
): Promise<readonly Uint8Array[]> {
  const lane = await lanes.take(signal);
  try {
    return (await fetchManifest(lane.channel, path, facts, signal)).blocks;
  } finally {
    lane.release();
  }
}

async function hasBlocks(
  file: disk.OpenFile,
  blocks: readonly Uint8Array[],
  signal: AbortSignal,
): Promise<boolean> {
  const buffer = Buffer.allocUnsafe(limits.blockBytes);
  let isSame = true;
  await takeTurns(blocks.entries(), signal, ([index, digest]) => {
    if (isSame) isSame = sameDigest(blockDigest(buffer.subarray(0, file.read(index, buffer))), digest);
  });
  return isSame;
}
