/**
 * In the place of node:fs, for programs in a simulation: the running process's calls on its machine's disk. Only what the
 * programs use; every call may be the one in which the process is killed.
 */

import { constants } from 'node:fs';
import { constants as os } from 'node:os';
import { type Process, world } from '../world.ts';
import type { Inode } from './disk.ts';

export { constants };

type Open = { readonly inode: Inode; readonly flags: number; at: number };
type Where = string | Buffer;

const tables = new WeakMap<Process, Map<number, Open>>();

function tableOf(process: Process): Map<number, Open> {
  let table = tables.get(process);
  if (table === undefined) {
    table = new Map();
    tables.set(process, table);
  }
  return table;
}

/** Without the stack, which nobody reads and which takes longer than all the rest. */
export function plainError(text: string): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const error = new Error(text);
  Error.stackTraceLimit = stackTraceLimit;
  return error;
}

function failure(code: keyof typeof os.errno, call: string): NodeJS.ErrnoException {
  return Object.assign(plainError(`${code}: ${call}`), { code, errno: -os.errno[code], syscall: call });
}

/** A call that changes something: killed in it, it has happened or not. */
function step<T>(call: string, effect: () => T): T {
  const { current } = world();
  if (!current.isAlive) throw failure('EIO', call);
  if (world().step()) return effect();
  // The last that it does; its locks and descriptors are gone already.
  if (world().random(2) === 0) effect();
  throw failure('EIO', call);
}

function look(call: string): void {
  if (!world().current.isAlive) throw failure('EIO', call);
}

function held(fd: number, call: string): Open {
  const found = tableOf(world().current).get(fd);
  if (found === undefined) throw failure('EBADF', call);
  return found;
}

type Place = { readonly folder: Inode; readonly name: string; readonly inode: Inode | undefined };

/** Where a path leads; the last name need not be there. */
function walk(path: Where, call: string): Place {
  const text = typeof path === 'string' ? path : path.toString('latin1');
  const { root } = world().current.machine.disk;
  let folder = root;
  let names = text.split('/').filter((name) => name !== '' && name !== '.');
  if (text.startsWith('/proc/self/fd/')) {
    folder = held(Number(names[3]), call).inode;
    names = names.slice(4);
  }
  const last = names.pop();
  if (last === undefined) return { folder, name: '.', inode: folder };
  for (const name of names) {
    const next: Inode | undefined = folder.names.get(name);
    if (next === undefined) throw failure('ENOENT', call);
    if (next.kind !== 'folder') throw failure('ENOTDIR', call);
    folder = next;
  }
  if (folder.kind !== 'folder') throw failure('ENOTDIR', call);
  return { folder, name: last, inode: folder.names.get(last) };
}

function there(path: Where, call: string): Place & { readonly inode: Inode } {
  const place = walk(path, call);
  if (place.inode === undefined) throw failure('ENOENT', call);
  return { ...place, inode: place.inode };
}

function disk() {
  return world().current.machine.disk;
}

/** Each change at another time. */
function nowNs(): bigint {
  const here = world();
  here.ticks += 1n;
  return BigInt(Math.floor(here.nowMs)) * 1_000_000n + (here.ticks % 1_000_000n);
}

function flagsOf(flags: number | string): number {
  if (typeof flags === 'number') return flags;
  if (flags === 'r') return constants.O_RDONLY;
  if (flags === 'wx') return constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  throw new Error(`the model opens nothing with ${flags}`);
}

export function openSync(path: Where, how: number | string = 'r', mode = 0o666): number {
  look('open');
  const flags = flagsOf(how);
  const place = walk(path, 'open');
  let { inode } = place;
  if (inode === undefined) {
    if ((flags & constants.O_CREAT) === 0) throw failure('ENOENT', 'open');
    inode = step('open', () => {
      const made = disk().make('file', mode, nowNs());
      disk().rename([{ folder: place.folder, name: place.name, inode: made }]);
      return made;
    });
  } else if ((flags & constants.O_EXCL) !== 0) throw failure('EEXIST', 'open');
  if ((flags & constants.O_DIRECTORY) !== 0 && inode.kind !== 'folder') throw failure('ENOTDIR', 'open');
  const table = tableOf(world().current);
  let fd = 3;
  while (table.has(fd)) fd += 1;
  table.set(fd, { inode, flags, at: 0 });
  return fd;
}

export function closeSync(fd: number): void {
  look('close');
  held(fd, 'close');
  tableOf(world().current).delete(fd);
}

const own = BigInt(process.geteuid?.() ?? 0);

class Stats {
  readonly inode: Inode;
  readonly dev = 1n;
  readonly uid = own;
  readonly gid = 0n;

  constructor(inode: Inode) {
    this.inode = inode;
  }

  get ino(): bigint {
    return BigInt(this.inode.ino);
  }
  get size(): bigint {
    return BigInt(this.inode.size);
  }
  get blocks(): bigint {
    return BigInt(Math.ceil(this.inode.size / 512));
  }
  get nlink(): bigint {
    return BigInt(this.inode.links);
  }
  get mode(): bigint {
    return BigInt(this.inode.mode | (this.inode.kind === 'file' ? constants.S_IFREG : constants.S_IFDIR));
  }
  get mtimeNs(): bigint {
    return this.inode.modifiedNs;
  }
  get ctimeNs(): bigint {
    return this.inode.changedNs;
  }
  get mtimeMs(): bigint {
    return this.inode.modifiedNs / 1_000_000n;
  }
  get ctimeMs(): bigint {
    return this.inode.changedNs / 1_000_000n;
  }
  isFile(): boolean {
    return this.inode.kind === 'file';
  }
  isDirectory(): boolean {
    return this.inode.kind === 'folder';
  }
  isSymbolicLink(): boolean {
    return false;
  }
}

type StatOpts = { readonly bigint?: boolean; readonly throwIfNoEntry?: boolean };

function statsOf(inode: Inode, { bigint = false }: StatOpts = {}): unknown {
  const stats = new Stats(inode);
  if (bigint) return stats;
  return new Proxy(stats, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value === 'function') return value.bind(target);
      return typeof value === 'bigint' ? Number(value) : value;
    },
  });
}

export function fstatSync(fd: number, opts?: StatOpts): unknown {
  look('fstat');
  return statsOf(held(fd, 'fstat').inode, opts);
}

export function lstatSync(path: Where, opts: StatOpts = {}): unknown {
  look('lstat');
  let found: Inode | undefined;
  try {
    found = walk(path, 'lstat').inode;
  } catch (error) {
    if (opts.throwIfNoEntry !== false || (error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  if (found !== undefined) return statsOf(found, opts);
  if (opts.throwIfNoEntry === false) return undefined;
  throw failure('ENOENT', 'lstat');
}

export const statSync = lstatSync;

export function existsSync(path: Where): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function mkdirSync(
  path: Where,
  opts: number | { readonly recursive?: boolean; readonly mode?: number },
): string | undefined {
  look('mkdir');
  const { recursive = false, mode = 0o777 } = typeof opts === 'number' ? { mode: opts } : opts;
  if (recursive) {
    const names = String(path).split('/').slice(1);
    let first: string | undefined;
    for (let i = 1; i <= names.length; i++) {
      const folder = `/${names.slice(0, i).join('/')}`;
      if (existsSync(folder)) continue;
      mkdirSync(folder, mode);
      first ??= folder;
    }
    return first;
  }
  const { folder, name, inode } = walk(path, 'mkdir');
  if (inode !== undefined) throw failure('EEXIST', 'mkdir');
  step('mkdir', () => disk().rename([{ folder, name, inode: disk().make('folder', mode, nowNs()) }]));
  return undefined;
}

export function rmdirSync(path: Where): void {
  look('rmdir');
  const { folder, name, inode } = there(path, 'rmdir');
  if (inode.kind !== 'folder') throw failure('ENOTDIR', 'rmdir');
  if (inode.names.size > 0) throw failure('ENOTEMPTY', 'rmdir');
  step('rmdir', () => disk().rename([{ folder, name, inode: undefined }]));
}

export function unlinkSync(path: Where): void {
  look('unlink');
  const { folder, name, inode } = there(path, 'unlink');
  if (inode.kind === 'folder') throw failure('EISDIR', 'unlink');
  step('unlink', () => {
    inode.changedNs = nowNs();
    disk().rename([{ folder, name, inode: undefined }]);
  });
}

export function rmSync(path: Where, { force = false }: { readonly force?: boolean } = {}): void {
  if (force && !existsSync(path)) return;
  unlinkSync(path);
}

export function linkSync(from: Where, to: Where): void {
  look('link');
  const { inode } = there(from, 'link');
  const target = walk(to, 'link');
  if (target.inode !== undefined) throw failure('EEXIST', 'link');
  step('link', () => {
    inode.changedNs = nowNs();
    disk().rename([{ folder: target.folder, name: target.name, inode }]);
  });
}

export function renameSync(from: Where, to: Where): void {
  look('rename');
  const source = there(from, 'rename');
  const target = walk(to, 'rename');
  if (target.inode === source.inode) return;
  step('rename', () => {
    source.inode.changedNs = nowNs();
    disk().rename([
      { folder: target.folder, name: target.name, inode: source.inode },
      { folder: source.folder, name: source.name, inode: undefined },
    ]);
  });
}

export function chmodSync(path: Where, mode: number): void {
  look('chmod');
  there(path, 'chmod').inode.mode = mode;
}

export function fchmodSync(fd: number, mode: number): void {
  look('fchmod');
  held(fd, 'fchmod').inode.mode = mode;
}

/** Everything belongs to one user here. */
export function fchownSync(fd: number): void {
  look('fchown');
  held(fd, 'fchown');
}

export function lchownSync(path: Where): void {
  look('lchown');
  there(path, 'lchown');
}

export function futimesSync(fd: number, _read: unknown, modified: number | string): void {
  look('futimes');
  const { inode } = held(fd, 'futimes');
  inode.modifiedNs = BigInt(Math.round(Number(modified) * 1000)) * 1_000_000n;
  inode.changedNs = nowNs();
}

function writeTo(file: Open, bytes: Buffer, position: number | null | undefined): number {
  const isAppend = (file.flags & constants.O_APPEND) !== 0;
  const at = isAppend ? file.inode.size : (position ?? file.at);
  disk().write(file.inode, at, bytes);
  if (typeof position !== 'number') file.at = at + bytes.length;
  file.inode.modifiedNs = nowNs();
  file.inode.changedNs = file.inode.modifiedNs;
  return bytes.length;
}

function partOf(data: Uint8Array | string, offset = 0, length?: number): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return Buffer.from(data.buffer, data.byteOffset + offset, length ?? data.length - offset);
}

export function writeSync(
  fd: number,
  data: Uint8Array | string,
  offset?: number,
  length?: number,
  position?: number | null,
): number {
  look('write');
  const file = held(fd, 'write');
  return step('write', () => writeTo(file, partOf(data, offset, length), position));
}

export function readSync(
  fd: number,
  into: Uint8Array,
  offset?: number | { readonly offset?: number; readonly length?: number; readonly position?: number | null },
  length?: number,
  position?: number | null,
): number {
  look('read');
  const how = typeof offset === 'object' ? offset : { offset, length, position };
  const file = held(fd, 'read');
  const at = how.position ?? file.at;
  const most = how.length ?? into.length - (how.offset ?? 0);
  const read = file.inode.bytes.subarray(at, Math.min(file.inode.size, at + most));
  into.set(read, how.offset ?? 0);
  if (typeof how.position !== 'number') file.at = at + read.length;
  return read.length;
}

export function ftruncateSync(fd: number, size = 0): void {
  look('ftruncate');
  const { inode } = held(fd, 'ftruncate');
  step('ftruncate', () => disk().truncate(inode, size));
}

export function fsyncSync(fd: number): void {
  look('fsync');
  const { inode } = held(fd, 'fsync');
  step('fsync', () => disk().sync(inode));
}

export function readFileSync(path: Where, encoding?: BufferEncoding): Buffer | string {
  look('read');
  const bytes = procFile(String(path)) ?? contentOf(path);
  return encoding === undefined ? bytes : bytes.toString(encoding);
}

function contentOf(path: Where): Buffer {
  const { inode } = there(path, 'read');
  return Buffer.from(inode.bytes.subarray(0, inode.size));
}

/** What the kernel says of the system, and of when the running process began: its number stands for that. */
function procFile(path: string): Buffer | undefined {
  const { current } = world();
  if (path === '/proc/sys/kernel/random/boot_id')
    return Buffer.from(`${current.machine.name} ${current.machine.disk.bootId}\n`);
  if (/^\/proc\/(self|\d+)\/stat$/.test(path))
    return Buffer.from(`1 (ferry) ${'0 '.repeat(19)}${current.id} 0`);
  return undefined;
}

export function writeFileSync(fd: number, text: string): void {
  writeSync(fd, text);
}

export function readdirSync(path: Where, opts: { readonly encoding?: string } = {}): unknown[] {
  look('readdir');
  const { inode } = there(path, 'readdir');
  const names = [...inode.names.keys()];
  return opts.encoding === 'buffer' ? names.map((name) => Buffer.from(name, 'latin1')) : names;
}

export function opendirSync(path: Where): unknown {
  const names = readdirSync(path, { encoding: 'buffer' }).values();
  return {
    readSync: () => {
      const next = names.next();
      return next.done === true ? null : { name: next.value };
    },
    closeSync: () => {},
  };
}

export function readlinkSync(path: Where): Buffer | string {
  look('readlink');
  if (path === '/proc/self/ns/pid') return 'pid:[1]';
  const wanted = walk(path, 'readlink').inode;
  const pathTo = (folder: Inode): string | undefined => {
    if (folder === wanted) return '';
    for (const [name, inode] of folder.names) {
      const below = inode.kind === 'folder' ? pathTo(inode) : undefined;
      if (below !== undefined) return `/${name}${below}`;
    }
    return undefined;
  };
  const found = pathTo(disk().root);
  return Buffer.from(found === undefined ? '/ (deleted)' : found || '/', 'latin1');
}

export function statfsSync(path: Where): unknown {
  look('statfs');
  if (path === '/proc') return { type: 0x9fa0 };
  return { type: 0xef53, bavail: 2 ** 40, blocks: 2 ** 40, bsize: 4096 };
}

export function copyFileSync(): never {
  throw new Error('the model copies no files');
}

export function symlinkSync(): never {
  throw new Error('the model makes no links');
}

export function watch(): never {
  throw new Error('the model watches nothing');
}

const promised = Symbol.for('nodejs.util.promisify.custom');

type Done<T extends unknown[]> = (error: Error | null, ...results: T) => void;

/** On the thread pool: the effect comes at its end, whenever that is. */
function beside<T extends unknown[]>(call: string, effect: () => T, done: Done<T>): void {
  world().timer(() => {
    let results: T;
    try {
      look(call);
      results = step(call, effect);
    } catch (error) {
      done(error as Error, ...([] as unknown as T));
      return;
    }
    done(null, ...results);
  }, world().random(3));
}

export function realpathSync(path: Where): string {
  return String(path);
}

export function mkdtempSync(): never {
  throw new Error('the model makes no folders for a moment');
}

export function open(path: Where, how: number, mode: number, done: Done<[fd: number]>): void {
  const effect = (): [number] => [openSync(path, how, mode)];
  beside('open', effect, done);
}

export function read(
  fd: number,
  into: Uint8Array,
  offset: number,
  length: number,
  position: number | null,
  done: Done<[read: number, into: Uint8Array]>,
): void {
  const effect = (): [number, Uint8Array] => [readSync(fd, into, offset, length, position), into];
  beside('read', effect, done);
}

Object.assign(read, {
  [promised]: (fd: number, into: Uint8Array, offset: number, length: number, position: number | null) =>
    new Promise((resolve, reject) => {
      read(fd, into, offset, length, position, (error, bytesRead, buffer) => {
        if (error === null) resolve({ bytesRead, buffer });
        else reject(error);
      });
    }),
});

function syncBeside(what: 'fsync' | 'fdatasync', fd: number, done: Done<[]>): void {
  look(what);
  const { inode } = held(fd, what);
  // What is written while it works may be left out.
  const sync = (): [] => {
    disk().sync(inode);
    return [];
  };
  beside(what, sync, done);
}

export function fsync(fd: number, done: Done<[]>): void {
  syncBeside('fsync', fd, done);
}

export function fdatasync(fd: number, done: Done<[]>): void {
  syncBeside('fdatasync', fd, done);
}

export function write(
  fd: number,
  data: Uint8Array,
  offset: number,
  length: number,
  position: number,
  done: Done<[written: number, data: Uint8Array]>,
): void {
  look('write');
  const file = held(fd, 'write');
  const effect = (): [number, Uint8Array] => [writeTo(file, partOf(data, offset, length), position), data];
  beside('write', effect, done);
}

/** Node's own gives an object of both. */
Object.assign(write, {
  [promised]: (fd: number, data: Uint8Array, offset: number, length: number, position: number) =>
    new Promise((resolve, reject) => {
      write(fd, data, offset, length, position, (error, bytesWritten, buffer) => {
        if (error === null) resolve({ bytesWritten, buffer });
        else reject(error);
      });
    }),
});
