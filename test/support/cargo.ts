/** What tests of interruptions move: a tree with a file of every kind, and a look at how much of it has arrived, and how. */

import assert from 'node:assert/strict';
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { seededBytes } from './content.ts';

/** By name below the folder. */
export type Cargo = ReadonlyMap<string, Buffer>;

const longer = seededBytes(9_300_000, 4);

/** Packs of small files, single ones in one go, and two that are gone on with: see limits.packedFileBytes and staging.ts. */
export const cargo: Cargo = new Map([
  ['box/empty', Buffer.alloc(0)],
  ...Array.from({ length: 30 }, (_, i): [string, Buffer] => [
    `box/small-${i}`,
    seededBytes(300 * i + 1, i + 10),
  ]),
  ['box/middle', seededBytes(1_500_000, 2)],
  ['box/other-middle', seededBytes(2_200_000, 3)],
  ['box/inner/deep/one', seededBytes(100, 5)],
  ['box/inner/nine-blocks', seededBytes(9_000_001, 6)],
  ['long', longer],
]);

/** What a user would name to move all of it. */
export const sources = ['box', 'long'] as const;

/** Versions that may be there before: one that shares most of its content with the new one. */
export const olderCargo: Cargo = new Map([
  ['box/small-3', Buffer.from('an older version')],
  ['box/middle', seededBytes(900_000, 7)],
  ['long', Buffer.concat([longer.subarray(0, 3_000_000), seededBytes(5000, 8), longer.subarray(3_100_000)])],
]);

/** Makes the folder hold this and nothing else, as of `seconds` since 1970. */
export function stow(folder: string, files: Cargo, seconds: number): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of files) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    utimesSync(file, seconds, seconds);
  }
}

/**
 * The files that have arrived. Whatever has a name is whole: new, or what was there before.
 * @throws AssertionError for a torn file, or one that nobody sent
 */
export function arrived(folder: string, files: Cargo, older: Cargo | undefined, hint: string): Set<string> {
  const fresh = new Set<string>();
  for (const name of namesIn(folder)) {
    const file = openSync(join(folder, name), 'r');
    try {
      if (holds(file, files.get(name))) fresh.add(name);
      else assert.ok(holds(file, older?.get(name)), `${hint}: ${name} is torn`);
    } finally {
      closeSync(file);
    }
  }
  return fresh;
}

/** One for all: these files are looked at after every interruption. */
const piece = Buffer.allocUnsafeSlow(2 ** 20);

function holds(file: number, content: Buffer | undefined): boolean {
  if (content === undefined || fstatSync(file).size !== content.length) return false;
  for (let at = 0; at < content.length; at += piece.length) {
    const length = readSync(file, piece, 0, piece.length, at);
    if (piece.compare(content, at, Math.min(at + piece.length, content.length), 0, length) !== 0)
      return false;
  }
  return true;
}

/** Files below a folder, without what lies in `.ferry`. */
export function namesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => !name.split('/').includes('.ferry'));
}

/** @throws AssertionError when anything is missing, of another time, or more than there should be */
export function assertArrived(from: string, to: string, files: Cargo, hint: string): void {
  assert.deepEqual([...arrived(to, files, undefined, hint)].toSorted(), [...files.keys()].toSorted(), hint);
  for (const name of files.keys())
    assert.equal(
      statSync(join(to, name)).mtimeMs,
      statSync(join(from, name)).mtimeMs,
      `${hint}: time of ${name}`,
    );
}
