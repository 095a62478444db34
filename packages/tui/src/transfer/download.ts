/**
 * One file from the server into a folder of this machine. The first request asks for the file's facts and first blocks at
 * once; then a window of requests stays out until every block is there. Each block is verified and written when it comes.
 * A lane that dies costs what was in flight on it: the rest is asked for on another. I/O thread.
 */

import { randomBytes } from 'node:crypto';
import { asFerryError, Code, type Facts, FerryError, type Path } from '@ferry/protocol';
import { type BlockHeader, blockCount } from '@ferry/protocol/content';
import { type Root, type StagedFile, Staging, stat } from '@ferry/protocol/disk';
import { read } from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import type { FileResult, TransferContext } from './context.ts';
import { isOfTheLine, patience, restBefore } from './retry.ts';

/** Blocks of one request. */
const blocksPerRead = 4;
/** Requests of one file that are out at once. */
const readsInFlight = 3;
/** How often a damaged block is asked for again. */
const repairs = 3;

export type DownloadSpec = {
  readonly source: Path;
  /** Folder of this machine that nothing written leaves. */
  readonly root: Root;
  readonly target: Path;
};

/**
 * Resolves when the file is complete, verified, on the disk and under its name. A cancelled or failed call leaves nothing.
 * @throws {FerryError} EXISTS, CONFLICT, NO_SPACE, IO_ERROR of this side; NOT_FOUND, NOT_REGULAR, SOURCE_CHANGED … of the
 *   server's; INTEGRITY when a block keeps arriving damaged; CANCELLED; why the server cannot be reached
 */
export async function download(spec: DownloadSpec, context: TransferContext): Promise<FileResult> {
  const there = existingTarget(spec.root, spec.target);
  if (there !== undefined && context.existing === 'skip') return 'skipped';
  if (there !== undefined && context.existing === 'fail')
    throw new FerryError(Code.EXISTS, 'that name is taken');
  const file = new Incoming(spec, context, there?.identity);
  try {
    await file.fetch();
    file.commit();
    return 'moved';
  } catch (error) {
    file.discard();
    throw error;
  }
}

function existingTarget(root: Root, target: Path): Facts | undefined {
  try {
    return stat(root, target);
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

type Range = { readonly first: number; readonly count: number };

class Incoming {
  readonly #spec: DownloadSpec;
  readonly #context: TransferContext;
  readonly #expected: string | undefined;
  #facts: Facts | undefined;
  #staged: StagedFile | undefined;
  /** Blocks never asked for begin here… */
  #next = 0;
  /** …and these were asked for in vain. */
  readonly #again: number[] = [];
  #bytes = 0;
  #damaged = 0;
  #failures = 0;

  constructor(spec: DownloadSpec, context: TransferContext, expected: string | undefined) {
    this.#spec = spec;
    this.#context = context;
    this.#expected = expected;
  }

  async fetch(): Promise<void> {
    const { lanes, signal, gate } = this.#context;
    while (this.#staged === undefined || !this.#staged.complete) {
      await gate.pass(signal);
      try {
        const lane = await lanes.take(signal);
        try {
          await this.#fetchOver(lane.channel);
        } finally {
          lane.release();
        }
      } catch (thrown) {
        const error = asFerryError(thrown);
        this.#endure(error);
        await restBefore(this.#failures, error, signal);
      }
    }
  }

  /** Throws what no other lane can mend. */
  #endure(error: FerryError): void {
    if (error.code === Code.INTEGRITY) {
      this.#damaged += 1;
      if (this.#damaged > repairs) throw error;
      return;
    }
    this.#failures += 1;
    if (!isOfTheLine(error) || this.#failures > patience) throw error;
  }

  async #fetchOver(channel: ClientChannel): Promise<void> {
    if (this.#facts === undefined) await this.#fetchFirst(channel);
    const readers = Array.from({ length: readsInFlight }, () => this.#fetchRest(channel));
    const ended = await Promise.allSettled(readers);
    const failed = ended.find((end) => end.status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }

  /** Also learns what there is to fetch; what of this range is missing then is asked for again. */
  async #fetchFirst(channel: ClientChannel): Promise<void> {
    try {
      await this.#fetchRange(channel, { first: 0, count: blocksPerRead });
    } finally {
      if (this.#facts !== undefined) this.#next = Math.min(blocksPerRead, blockCount(this.#facts.size));
    }
  }

  async #fetchRest(channel: ClientChannel): Promise<void> {
    const { gate, signal } = this.#context;
    for (let range = this.#claim(); range !== undefined; range = this.#claim()) {
      try {
        await gate.pass(signal);
      } catch (error) {
        this.#giveBack(range);
        throw error;
      }
      await this.#fetchRange(channel, range);
    }
  }

  #claim(): Range | undefined {
    const again = this.#again.pop();
    if (again !== undefined) return { first: again, count: 1 };
    const first = this.#next;
    const count = Math.min(blocksPerRead, blockCount(this.#known().size) - first);
    if (count <= 0) return undefined;
    this.#next += count;
    return { first, count };
  }

  /** What did not come of the range is to be asked for again, also when this throws. */
  async #fetchRange(channel: ClientChannel, { first, count }: Range): Promise<void> {
    const { signal } = this.#context;
    const missing = new Set(Array.from({ length: count }, (_, i) => first + i));
    const writing = new Set<Promise<void>>();
    try {
      await channel.call(
        read,
        { path: this.#spec.source, identity: this.#facts?.identity, first, count },
        {
          signal,
          onPart: ({ facts }) => this.#begin(facts),
          onBlock: (header, content) => {
            const written = this.#take(missing, header, content);
            writing.add(written);
            return written;
          },
        },
      );
      const blocks = blockCount(this.#known().size);
      if ([...missing].some((index) => index < blocks)) {
        throw new FerryError(Code.INTEGRITY, 'the server left out a part of the file');
      }
    } catch (error) {
      // A call that failed may have left blocks on their way to the disk.
      await Promise.allSettled(writing);
      for (const index of missing) this.#giveBack({ first: index, count: 1 });
      throw error;
    }
  }

  async #take(missing: Set<number>, { index, digest }: BlockHeader, content: Buffer): Promise<void> {
    if (!missing.delete(index)) {
      throw new FerryError(Code.MALFORMED, 'the server sent a block that was not asked for');
    }
    try {
      await this.#stagedFile().writeBeside(index, content, digest);
    } catch (error) {
      missing.add(index);
      throw error;
    }
    this.#bytes += content.length;
    this.#failures = 0;
    this.#context.onBytes(content.length);
  }

  #giveBack({ first, count }: Range): void {
    const blocks = this.#facts === undefined ? 0 : blockCount(this.#facts.size);
    for (let index = first; index < Math.min(first + count, blocks); index++) this.#again.push(index);
  }

  #begin(facts: Facts): void {
    if (this.#facts !== undefined)
      throw new FerryError(Code.MALFORMED, 'the server described the file twice');
    const { root, target } = this.#spec;
    this.#staged = new Staging(root, { writesBeside: this.#context.writesBeside ?? 1 }).create({
      transferId: randomBytes(16).toString('hex'),
      target,
      size: facts.size,
      modified: facts.modified,
      mode: facts.mode,
      existing: this.#context.existing === 'overwrite' ? 'overwrite' : 'fail',
      ...(this.#expected === undefined ? {} : { expected: this.#expected }),
    });
    this.#facts = facts;
  }

  #known(): Facts {
    if (this.#facts === undefined)
      throw new FerryError(Code.MALFORMED, 'the server did not describe the file');
    return this.#facts;
  }

  #stagedFile(): StagedFile {
    if (this.#staged === undefined)
      throw new FerryError(Code.MALFORMED, 'the server did not describe the file');
    return this.#staged;
  }

  commit(): void {
    this.#stagedFile().commit();
  }

  discard(): void {
    this.#staged?.discard();
    this.#context.onBytes(-this.#bytes);
    this.#bytes = 0;
  }
}
