/**
 * Reads from a trace whether a file could ever be there without being whole, or be promised without being on the disk.
 * Pure: made-up traces with wrong orders are judged by it too.
 *
 * What is asked of every file that is published (linked or renamed from the staging folder to its name):
 *   what changes it < a sync of it < publishing < a sync of its folder < the next acknowledgement
 * and nothing changes it after its sync; every other change of names is followed by a sync of its folder likewise. The folder
 * that it has left is synced after the one that it has come to: cut off in between, a file has both names rather than none. A
 * journal tells only of blocks that were written, and marks only what was synced.
 */

import { dirname } from 'node:path';
import { blockIndexOf, journalRecord } from './journal-record.ts';
import type { Call } from './trace.ts';

export type Judged = {
  /** The folder in which files appear. */
  readonly folder: string;
  /** Whether this says something to whoever waits. The end of the trace always does. */
  readonly acknowledges: (call: Call) => boolean;
};

export type Verdict = {
  /** Each in a sentence; empty when all is well. */
  readonly wrong: readonly string[];
  /** Names that were given to files. */
  readonly published: readonly string[];
  /** Acknowledgements that were seen. */
  readonly acknowledged: number;
  /** Journal records that told of a block, and marks. */
  readonly records: number;
  readonly marks: number;
};

/** What has happened to one file, whatever it is called. */
type File = {
  /** Calls that change its content or facts, and its good syncs. */
  readonly changes: Call[];
  readonly syncs: Call[];
  /** Blocks that were written, by index: the first time that one was. */
  readonly blocks: Map<number, Call>;
  /** The last sync of it that has failed: nothing of it may be believed. */
  failed: Call | undefined;
  published: Call | undefined;
  /** The syncs that its journal's marks rest on: each lane syncs for its own, also at the same time as another. */
  readonly marked: Set<Call>;
};

const writes: ReadonlySet<string> = new Set(['write', 'writev', 'pwrite64', 'pwritev', 'ftruncate']);
const facts: ReadonlySet<string> = new Set(['fchmod', 'utimensat']);
const syncs: ReadonlySet<string> = new Set(['fsync', 'fdatasync']);
const gives = /^(?:link|linkat|rename|renameat|renameat2)$/;
const takes = /^(?:unlink|unlinkat|rmdir)$/;
const makes = /^(?:mkdir|mkdirat|symlink|symlinkat)$/;

/** True when `a` was over before `b` began. */
function before(a: Call, b: Call): boolean {
  return a.ended < b.began;
}

export function judge(calls: readonly Call[], { folder, acknowledges }: Judged): Verdict {
  const staging = `${folder}/.ferry`;
  const isVisible = (path: string): boolean =>
    path.startsWith(`${folder}/`) && path !== staging && !path.startsWith(`${staging}/`);
  const wrong: string[] = [];
  const published: string[] = [];
  const files = new Map<string, File>();
  /** Names that have changed, by the folder that must be synced. */
  const owed = new Map<string, Call[]>();
  /** Of these: names that files from a folder have got, by that folder. */
  const arrived = new Map<string, { readonly to: string; readonly call: Call }[]>();
  /** Names whose sync has begun, until it is over. */
  const underWay: { readonly path: string; readonly sync: Call }[] = [];
  let acknowledged = 0;
  let records = 0;
  let marks = 0;

  const at = (path: string): File => {
    const known = files.get(path);
    if (known !== undefined) return known;
    const file: File = {
      changes: [],
      syncs: [],
      blocks: new Map(),
      failed: undefined,
      published: undefined,
      marked: new Set(),
    };
    files.set(path, file);
    return file;
  };
  const say = (text: string, call: Call): void => {
    wrong.push(`line ${call.began + 1}: ${text}`);
  };
  const owe = (path: string, call: Call): void => {
    if (!isVisible(path)) return;
    owed.set(dirname(path), [...(owed.get(dirname(path)) ?? []), call]);
  };
  const publish = (from: string, to: string, call: Call): void => {
    const file = at(from);
    published.push(to);
    if (file.failed !== undefined) say(`${to} is published although a sync of it has failed`, call);
    const last = file.syncs.findLast((sync) => before(sync, call));
    if (last === undefined) say(`${to} is published before it is synced`, call);
    else if (file.changes.some((change) => !before(change, last)))
      say(`${to} is published with changes after its sync`, call);
    file.published = call;
  };
  const promise = (why: string, nowBegan: number, nowLine: number): void => {
    for (const [path, changes] of owed)
      if (changes.some((change) => change.began < nowBegan))
        wrong.push(`line ${nowLine + 1}: ${why} before ${path} is synced`);
    for (const { path, sync } of underWay)
      if (sync.began < nowBegan && sync.ended > nowBegan)
        wrong.push(`line ${nowLine + 1}: ${why} while ${path} is being synced`);
  };
  /** Synced between the two, or found not to be: who asked for the file is told so then, and loses nothing that was promised. */
  const isTried = (folder: string, from: Call, to: Call): boolean => {
    const { syncs: good, failed } = at(folder);
    return [...good, ...(failed === undefined ? [] : [failed])].some(
      (sync) => before(from, sync) && before(sync, to),
    );
  };
  const journal = (path: string, call: Call): void => {
    const record = journalRecord(call);
    if (record === undefined) return;
    const part = at(path.replace(/\.journal$/, '.part'));
    if (record.kind === 'mark') {
      marks += 1;
      const sync = part.syncs.find((one) => before(one, call) && !part.marked.has(one));
      if (sync === undefined || part.failed !== undefined) say('a journal marks what was not synced', call);
      else part.marked.add(sync);
      return;
    }
    records += 1;
    const block = part.blocks.get(record.index);
    if (block === undefined || !before(block, call))
      say(`a journal tells of block ${record.index} too early`, call);
  };

  for (const call of calls) {
    const { name, file: path, paths } = call;
    if (acknowledges(call)) {
      acknowledged += 1;
      promise('somebody is told', call.began, call.began);
      continue;
    }
    const isGood = call.error === undefined && call.result !== undefined;
    if (syncs.has(name) && path !== undefined) {
      if (!isGood) {
        if (call.result !== undefined) at(path).failed = call;
        continue;
      }
      if (path.endsWith('.part') && at(path).failed !== undefined)
        say(`a sync of ${path} that failed is tried again`, call);
      for (const { to, call: gave } of arrived.get(path) ?? [])
        if (before(gave, call) && !isTried(to, gave, call))
          say(`${path} forgets a file before ${to} is synced`, call);
      arrived.delete(path);
      at(path).syncs.push(call);
      const changes = owed.get(path) ?? [];
      const left = changes.filter((change) => !before(change, call));
      if (left.length < changes.length) underWay.push({ path, sync: call });
      if (left.length > 0) owed.set(path, left);
      else owed.delete(path);
      continue;
    }
    if (!isGood) continue;
    if (name === 'openat' && path !== undefined && call.args.includes('O_EXCL')) {
      files.delete(path);
      owe(path, call);
    } else if ((writes.has(name) || facts.has(name)) && path !== undefined) {
      const changed = at(path);
      changed.changes.push(call);
      if (changed.published !== undefined) say(`${path} changes after it was published`, call);
      const index = blockIndexOf(call);
      if (index !== undefined && !changed.blocks.has(index)) changed.blocks.set(index, call);
      if (name === 'write' && path.endsWith('.journal')) journal(path, call);
    } else if (gives.test(name)) {
      const [from = '', to = ''] = paths;
      if (from.startsWith(`${staging}/`) && isVisible(to)) publish(from, to, call);
      const moved = files.get(from);
      files.delete(to);
      if (moved !== undefined) files.set(to, moved);
      if (name.startsWith('rename')) {
        files.delete(from);
        owe(from, call);
      }
      owe(to, call);
      if (isVisible(to) && !isVisible(from))
        arrived.set(dirname(from), [...(arrived.get(dirname(from)) ?? []), { to: dirname(to), call }]);
    } else if (takes.test(name) || makes.test(name)) {
      const where = paths.at(-1) ?? '';
      if (takes.test(name)) files.delete(where);
      owe(where, call);
    }
  }
  promise('the trace ends', Number.POSITIVE_INFINITY, calls.length);
  return { wrong, published, acknowledged, records, marks };
}
