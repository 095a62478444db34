/** Where a program can be hit, from what it did when nothing hit it, and with what. Pure. */

import type { Fault } from './strace.ts';
import type { Call } from './trace.ts';

const ofNames = ['error=EIO', 'error=ENOSPC', 'error=EACCES', 'error=EROFS', 'signal=KILL'];
const ofSyncs = ['error=EIO', 'error=ENOSPC', 'signal=KILL'];
const ofFacts = ['error=EIO', 'error=EPERM', 'signal=KILL'];
/** `retval=0`: the disk takes nothing. Other short writes can't be made up: the bytes would have to be written. */
const ofWrites = ['error=EIO', 'error=ENOSPC', 'error=EINTR', 'error=EAGAIN', 'retval=0', 'signal=KILL'];

const outcomes: ReadonlyMap<string, readonly string[]> = new Map([
  // Not EACCES: a folder that may not be opened is one that cannot be synced, which is told and no failure.
  ['openat', ['error=EIO', 'error=ENOSPC', 'error=EMFILE', 'error=EINTR', 'signal=KILL']],
  ['close', ['error=EIO', 'signal=KILL']],
  ['write', ofWrites],
  ['pwrite64', ofWrites],
  ['ftruncate', ofFacts],
  ['fsync', ofSyncs],
  ['fdatasync', ofSyncs],
  ['fchmod', ofFacts],
  ['utimensat', ofFacts],
  ...['link', 'rename', 'unlink', 'mkdir', 'rmdir'].map((name) => [name, ofNames] as const),
]);

/** Every fault that can be put in the way of those calls that concern a file in `folder`. */
export function faultsOf(calls: readonly Call[], folder: string): readonly Fault[] {
  const inside = (path: string | undefined): boolean =>
    path === folder || path?.startsWith(`${folder}/`) === true;
  const points = new Map<string, Omit<Fault, 'what'>>();
  const written = new Map<string, number>();
  for (const { name, nth, tid, file, paths } of calls) {
    if (!outcomes.has(name) || ![file, ...paths].some(inside)) continue;
    const point = { call: name, nth };
    // Writes go to sockets and to other threads too; those to files are found by their file.
    if (name === 'write' && file !== undefined) {
      const before = (written.get(`${tid} ${file}`) ?? 0) + 1;
      written.set(`${tid} ${file}`, before);
      Object.assign(point, { nth: before, path: file });
    }
    points.set(JSON.stringify(point), point);
  }
  return [...points.values()].flatMap((point) =>
    (outcomes.get(point.call) ?? []).map((what) => ({ ...point, what })),
  );
}

/** `count` of them: each kind of call at least once, the rest as `random` falls. */
export function sample(
  faults: readonly Fault[],
  count: number,
  random: (below: number) => number,
): readonly Fault[] {
  const shuffled = faults
    .map((fault) => ({ fault, at: random(2 ** 30) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ fault }) => fault);
  const kinds = new Set(shuffled.map(({ call }) => call));
  const oneEach = [...kinds].flatMap((kind) => shuffled.find(({ call }) => call === kind) ?? []);
  return [...oneEach, ...shuffled.filter((fault) => !oneEach.includes(fault))].slice(0, count);
}
