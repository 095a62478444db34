/**
 * Copies of the server's files that a user edits, each in a private folder of its own that outlives the program. Part of
 * the engine; I/O thread.
 */

import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  baseName,
  byteString,
  Code,
  checkName,
  EntryKind,
  type Facts,
  FerryError,
  joinPath,
  limits,
  type Name,
  nameFromText,
  type Path,
  parentPath,
  pathFromText,
} from '@ferry/protocol';
import { type BlockPool, blockCount, blockDigest, rootDigest } from '@ferry/protocol/content';
import * as disk from '@ferry/protocol/disk';
import { makePrivateFolder } from '@ferry/protocol/disk/private-file';
import type { Placing, TransferContext } from '../transfer/context.ts';
import { download } from '../transfer/download.ts';
import { Gate } from '../transfer/gate.ts';
import { unpaced } from '../transfer/pace.ts';
import { overAnyLine } from '../transfer/retry.ts';
import { takeTurns } from '../transfer/take-turns.ts';
import { upload } from '../transfer/upload.ts';
import type { EditCopy, Edits, StoreSpec } from './edits.ts';
import { diskPath, inFolder, localSource } from './local-source.ts';
import type { Line } from './servers.ts';
import type { Wait } from './source.ts';
import { type DiffLine, textDiff } from './text-diff.ts';

export type EditCopiesOpts = {
  readonly line: Line;
  readonly pool: BlockPool;
  /** Made when it is needed; undefined: the system's temporary folder. */
  readonly folder: string | undefined;
};

/** A file that changes while it is fetched is fetched again so often. */
const fetches = 3;
/** Longer texts are not compared line by line. */
const mostComparedBytes = 4 * 1024 * 1024;
const never = new AbortController().signal;

export class EditCopies implements Edits {
  readonly #opts: EditCopiesOpts;
  /** Left as they came. */
  readonly #left = new Set<EditCopy>();

  constructor(opts: EditCopiesOpts) {
    this.#opts = opts;
  }

  async fetch(path: Path, { signal = never }: Wait = {}): Promise<EditCopy> {
    const { remote } = this.#opts.line;
    const copy = joinPath(this.#newFolder(), nameFor(path));
    try {
      for (let attempt = 1; attempt <= fetches; attempt++) {
        const before = await overAnyLine(() => remote.stat(path, { signal }), signal);
        if (before.kind !== EntryKind.file) throw new FerryError(Code.NOT_REGULAR, 'this is not a file');
        await this.#download(path, copy, before, signal);
        const version = await overAnyLine(() => remote.stat(path, { signal }), signal);
        if (version.identity === before.identity) {
          // A file that nobody may write to can be edited all the same, when the server lets it be replaced.
          chmodSync(diskPath(copy), version.mode | 0o600);
          return { copy, version, digest: await this.digest(copy, { signal }) };
        }
      }
      throw new FerryError(Code.SOURCE_CHANGED, 'the file changes all the time');
    } catch (error) {
      await this.drop(copy);
      throw error;
    }
  }

  async digest(copy: Path, { signal = never }: Wait = {}): Promise<string> {
    return inFolder(parentPath(copy), async (root) => {
      const file = disk.openRead(root, [lastName(copy)]);
      try {
        const buffer = Buffer.allocUnsafe(limits.blockBytes);
        const digests: Uint8Array[] = [];
        const blocks = Array.from({ length: blockCount(file.facts.size) }, (_, i) => i);
        await takeTurns(blocks, signal, (index) => {
          digests.push(blockDigest(buffer.subarray(0, file.read(index, buffer))));
        });
        return Buffer.from(rootDigest(file.facts.size, digests)).toString('hex');
      } finally {
        file.close();
      }
    });
  }

  async store({ copy, path, replaces, mode }: StoreSpec, { signal = never }: Wait = {}): Promise<Facts> {
    const placing: Placing =
      replaces === undefined ? { existing: 'fail' } : { existing: 'overwrite', expected: replaces.identity };
    await inFolder(parentPath(copy), async (root) => {
      const source = [lastName(copy)];
      disk.setFacts(root, source, { modified: disk.stat(root, source).modified, mode });
      try {
        await upload({ root, source, target: path, old: replaces }, this.#context(placing, signal));
      } finally {
        // To be edited again when it is not where it should be.
        chmodSync(diskPath(copy), mode | 0o600);
      }
    });
    const { remote } = this.#opts.line;
    return overAnyLine(() => remote.stat(path, { signal }), signal);
  }

  async difference(copy: Path, path: Path, { signal = never }: Wait = {}): Promise<readonly DiffLine[]> {
    const theirs = await this.fetch(path, { signal });
    try {
      const [before, after] = await Promise.all([linesOf(theirs.copy, signal), linesOf(copy, signal)]);
      return textDiff(before, after);
    } finally {
      await this.drop(theirs.copy);
    }
  }

  async leave(copy: EditCopy): Promise<void> {
    this.#left.add(copy);
  }

  /** Removes what was left and is as it came. */
  async close(): Promise<void> {
    for (const { copy, digest } of this.#left) {
      try {
        if ((await this.digest(copy)) === digest) await this.drop(copy);
      } catch (error) {
        // It is gone, or nobody can say whether it is worth keeping.
        if (!(error instanceof FerryError)) throw error;
      }
    }
    this.#left.clear();
  }

  async drop(copy: Path): Promise<void> {
    rmSync(diskPath(parentPath(copy)), { recursive: true, force: true });
  }

  async leftovers(): Promise<readonly Path[]> {
    const { folder } = this.#opts;
    if (folder === undefined || !existsSync(folder)) return [];
    return readdirSync(folder).flatMap((name) => {
      const pid = Number(/^ferry-edit-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
      if (Number.isNaN(pid) || existsSync(`/proc/${pid}`)) return [];
      const inside = readdirSync(join(folder, name), { encoding: 'buffer' });
      return inside
        .filter((file) => file.toString() !== '.ferry')
        .map((file) => joinPath(pathFromText(join(folder, name).slice(1)), checkName(byteString(file))));
    });
  }

  #newFolder(): Path {
    const { folder = tmpdir() } = this.#opts;
    try {
      makePrivateFolder(folder);
      return pathFromText(mkdtempSync(join(folder, `ferry-edit-${process.pid}-`)).slice(1));
    } catch (cause) {
      throw new FerryError(Code.IO_ERROR, `no folder for the copy can be made in ${folder}`, { cause });
    }
  }

  async #download(path: Path, copy: Path, facts: Facts, signal: AbortSignal): Promise<void> {
    const { size } = facts;
    await inFolder(parentPath(copy), async (root) => {
      const context = this.#context({ existing: 'overwrite' }, signal);
      await download({ source: path, root, target: [lastName(copy)], size, facts }, context);
      new disk.Staging(root).removeIfEmpty();
    });
  }

  #context(placing: Placing, signal: AbortSignal): TransferContext {
    const { line, pool } = this.#opts;
    const gate = new Gate();
    return { lanes: line.lanes, pool, gate, placing, signal, pace: unpaced, onBytes: () => {} };
  }
}

function lastName(path: Path): Name {
  const name = baseName(path);
  if (name === undefined) throw new FerryError(Code.NOT_REGULAR, 'this is not a file');
  return name;
}

/** Its own, which tells an editor what it is; another one where no editor could be told of it. */
function nameFor(path: Path): Name {
  const name = lastName(path);
  return byteString(Buffer.from(Buffer.from(name, 'latin1').toString('utf8'))) === name
    ? name
    : nameFromText('edited');
}

/** @throws {FerryError} FORBIDDEN where it is no text or too long to compare */
async function linesOf(file: Path, signal: AbortSignal): Promise<string[]> {
  const { size } = await localSource.stat(file);
  if (size > mostComparedBytes)
    throw new FerryError(Code.FORBIDDEN, 'the files are too long to be compared here');
  const pieces: Uint8Array[] = [];
  for (let offset = 0; offset < size; offset += limits.rangeBytes) {
    const { content } = await localSource.readRange(file, { offset, length: limits.rangeBytes }, { signal });
    pieces.push(content);
  }
  const bytes = Buffer.concat(pieces);
  if (bytes.includes(0))
    throw new FerryError(Code.FORBIDDEN, 'this is no text, and is not shown line by line');
  const lines = byteString(bytes).split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
