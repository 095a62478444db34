/**
 * A file of one server that is sent to another: its blocks come over lanes of the first, are verified here, and lie in buffers of
 * the pool until they are sent; none of it is written down on this machine. Called by upload.ts; I/O thread.
 */

import { asFerryError, Code, type Facts, FerryError, type Path } from '@ferry/protocol';
import {
  type BlockPool,
  blockContentAt,
  blockCount,
  blockDigest,
  blockLength,
  sameDigest,
} from '@ferry/protocol/content';
import { read } from '@ferry/protocol/messages';
import type { LaneSource } from '../client/lanes.ts';
import type { FileSource } from '../engine/source.ts';
import { fetchManifest } from './delta.ts';
import { type ReadBlock, takeBuffer } from './read-block.ts';
import { overAnyLine, stallMs } from './retry.ts';
import type { SentFile } from './sent-file.ts';

/** The server that a file comes from when it goes to another one. */
export type Origin = {
  readonly remote: FileSource;
  readonly lanes: LaneSource;
  /** Names the server, whatever its files are called. */
  readonly key: string;
};

/** Blocks that are asked for before somebody wants them; fewer where the pool has no buffers to spare. */
const ahead = 6;
/** So many buffers stay for others. */
const spared = 8;

export class RelayFile implements SentFile {
  readonly facts: Facts;
  readonly disk = undefined;
  readonly #origin: Origin;
  readonly #path: Path;
  readonly #over = new AbortController();
  /** Asked for, and not taken by anybody yet. */
  readonly #coming = new Map<number, Promise<ReadBlock>>();
  #pool: BlockPool | undefined;
  #digests: Promise<readonly Uint8Array[]> | undefined;

  constructor(origin: Origin, path: Path, facts: Facts) {
    this.facts = facts;
    this.#origin = origin;
    this.#path = path;
  }

  readonly block: SentFile['block'] = async (index, pool, signal, isWanted) => {
    this.#pool = pool;
    const coming = this.#coming.get(index);
    this.#coming.delete(index);
    const asked = coming ?? this.#fetch(index, pool, await takeBuffer(pool, signal), signal);
    this.#lookAhead(index, pool, isWanted);
    if (coming === undefined) return asked;
    // Who gives up leaves a block that comes all the same.
    const given = waitedFor(coming, signal);
    given.catch(() => coming.then(({ buffer }) => pool.give(buffer)).catch(() => {}));
    return given;
  };

  /** From the server's own list: what the target has already need not come here to be found there. */
  readonly digestOf = async (index: number, signal: AbortSignal): Promise<Uint8Array> => {
    this.#digests ??= overAnyLine(async () => {
      const lane = await this.#origin.lanes.take(signal);
      try {
        return (await fetchManifest(lane.channel, this.#path, this.facts, signal)).blocks;
      } finally {
        lane.release();
      }
    }, signal);
    this.#digests.catch(() => {
      this.#digests = undefined;
    });
    const digest = (await this.#digests)[index];
    if (digest === undefined) throw new FerryError(Code.MALFORMED, 'the server left out a digest');
    return digest;
  };

  readonly checkUnchanged = async (signal: AbortSignal): Promise<void> => {
    const { identity } = await overAnyLine(() => this.#origin.remote.stat(this.#path, { signal }), signal);
    if (identity !== this.facts.identity) {
      throw new FerryError(Code.SOURCE_CHANGED, 'the file was changed while it was sent');
    }
  };

  /** What was asked for in vain gives its buffer back as it ends. */
  readonly close = (): void => {
    this.#over.abort();
    const pool = this.#pool;
    for (const coming of this.#coming.values())
      coming.then(({ buffer }) => pool?.give(buffer)).catch(() => {});
    this.#coming.clear();
  };

  #lookAhead(index: number, pool: BlockPool, isWanted: (index: number) => boolean): void {
    const end = Math.min(blockCount(this.facts.size), index + 1 + ahead);
    for (let later = index + 1; later < end; later++) {
      if (this.#coming.has(later) || this.#coming.size >= ahead || !isWanted(later)) continue;
      if (pool.free <= spared) return;
      const buffer = pool.take();
      if (buffer === undefined) return;
      const coming = this.#fetch(later, pool, buffer, this.#over.signal);
      // Whoever wants it hears why it did not come, and asks again.
      coming.catch(() => {
        if (this.#coming.get(later) === coming) this.#coming.delete(later);
      });
      this.#coming.set(later, coming);
    }
  }

  /** Gives the buffer back when it throws. */
  async #fetch(index: number, pool: BlockPool, buffer: Buffer, wanted: AbortSignal): Promise<ReadBlock> {
    const length = blockLength(this.facts.size, index);
    const signal = AbortSignal.any([wanted, this.#over.signal]);
    let digest: Uint8Array | undefined;
    try {
      const lane = await this.#origin.lanes.take(signal);
      try {
        await lane.channel.call(
          read,
          { path: this.#path, identity: this.facts.identity, first: index, count: 1 },
          {
            signal,
            timeoutMs: stallMs,
            onPart: () => {},
            onBlock: (header, content) => {
              if (header.index !== index || content.length !== length || digest !== undefined)
                throw new FerryError(Code.MALFORMED, 'the server sent a block that was not asked for');
              if (!sameDigest(blockDigest(content), header.digest))
                throw new FerryError(Code.INTEGRITY, 'a block was damaged on its way');
              content.copy(buffer, blockContentAt);
              digest = Uint8Array.from(header.digest);
            },
          },
        );
        if (digest === undefined) throw new FerryError(Code.INTEGRITY, 'the server left out a block');
        lane.moved(length);
        return { buffer, length, digest };
      } catch (thrown) {
        const error = asFerryError(thrown);
        if (error.code !== Code.TIMEOUT) throw error;
        // A line that stands still is of no use to anyone; that of the other server is not to blame.
        lane.channel.abort(error);
        throw new FerryError(Code.CONNECTION_LOST, error.message, { cause: error });
      } finally {
        lane.release();
      }
    } catch (error) {
      pool.give(buffer);
      throw error;
    }
  }
}

/** @throws {FerryError} CANCELLED as soon as `signal` says so; what `coming` throws */
function waitedFor<T>(coming: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(new FerryError(Code.CANCELLED, 'cancelled'));
  return new Promise((resolve, reject) => {
    const cancel = (): void => reject(new FerryError(Code.CANCELLED, 'cancelled'));
    signal.addEventListener('abort', cancel, { once: true });
    coming.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
