/**
 * A disk with a write-back cache: what was not synced before a power cut is there afterwards or not, each write and each
 * name by itself. Used through fs.ts and sqlite.ts.
 */

/** SQLite's own files keep a value instead of bytes. */
export type Database = { cutPower(random: (below: number) => number): void };

type Write = { readonly at: number; readonly bytes: Buffer } | { readonly size: number };

export type Inode = {
  readonly ino: number;
  readonly kind: 'file' | 'folder';
  mode: number;
  modifiedNs: bigint;
  changedNs: bigint;
  links: number;
  /** Of a file: what programs read, and what a power cut leaves for certain. */
  bytes: Buffer;
  size: number;
  synced: Buffer;
  unsynced: Write[];
  database: Database | undefined;
  /** Of a folder. */
  readonly names: Map<string, Inode>;
  readonly syncedNames: Map<string, Inode>;
};

/** One step of a name, which happens whole or not at all unless one of its folders was synced. */
type NameStep = {
  effects: { readonly folder: Inode; readonly name: string; readonly inode: Inode | undefined }[];
};

const nothing = Buffer.alloc(0);

/** One memory for the bytes of all disks of a world: thousands of small buffers a second are more work than all the rest. */
const memory = Buffer.alloc(4 * 1024 * 1024);
let used = 0;

/** A new world begins: what the last one held is nobody's. */
export function forgetMemory(): void {
  used = 0;
}

function room(size: number): Buffer {
  if (used + size > memory.length) return Buffer.alloc(size);
  used += size;
  return memory.subarray(used - size, used).fill(0);
}

/** Good until the world ends. */
export function copyOf(bytes: Uint8Array): Buffer {
  const copy = room(bytes.length);
  copy.set(bytes);
  return copy;
}

export class Disk {
  readonly root: Inode;
  /** Another one after each power cut. */
  bootId = 'boot 0';
  #boots = 0;
  /** Told after each change of names, and of each write. */
  onName: (folder: Inode, name: string, inode: Inode | undefined) => void = () => {};
  onWrite: (file: Inode, at: number) => void = () => {};
  readonly #random: (below: number) => number;
  #inos = 1;
  #steps: NameStep[] = [];
  readonly #files = new Set<Inode>();

  constructor(random: (below: number) => number) {
    this.#random = random;
    this.root = this.make('folder', 0o755, 0n);
  }

  make(kind: 'file' | 'folder', mode: number, nowNs: bigint): Inode {
    this.#inos += 1;
    return {
      ino: this.#inos,
      kind,
      mode,
      modifiedNs: nowNs,
      changedNs: nowNs,
      links: kind === 'folder' ? 2 : 0,
      bytes: nothing,
      size: 0,
      synced: nothing,
      unsynced: [],
      database: undefined,
      names: new Map(),
      syncedNames: new Map(),
    };
  }

  /** Names that change together; undefined removes one. */
  rename(effects: NameStep['effects']): void {
    for (const { folder, name, inode } of effects) {
      const before = folder.names.get(name);
      if (before !== undefined) before.links -= 1;
      if (inode === undefined) folder.names.delete(name);
      else {
        inode.links += 1;
        folder.names.set(name, inode);
      }
    }
    this.#steps.push({ effects: [...effects] });
    for (const { folder, name, inode } of effects) this.onName(folder, name, inode);
  }

  write(file: Inode, at: number, bytes: Buffer): void {
    const write = { at, bytes: copyOf(bytes) };
    file.unsynced.push(write);
    this.#files.add(file);
    apply(file, write);
    this.onWrite(file, at);
  }

  truncate(file: Inode, size: number): void {
    file.unsynced.push({ size });
    this.#files.add(file);
    apply(file, { size });
  }

  sync(inode: Inode): void {
    if (inode.kind === 'file') {
      inode.synced = copyOf(inode.bytes.subarray(0, inode.size));
      inode.unsynced = [];
      this.#files.delete(inode);
      return;
    }
    for (const step of this.#steps) {
      for (const effect of step.effects) if (effect.folder === inode) settle(effect);
      step.effects = step.effects.filter(({ folder }) => folder !== inode);
    }
    this.#steps = this.#steps.filter(({ effects }) => effects.length > 0);
  }

  /** Everything, as before an orderly start of the story. */
  syncAll(): void {
    for (const { effects } of this.#steps.splice(0)) for (const effect of effects) settle(effect);
    for (const file of [...this.#files]) this.sync(file);
  }

  cutPower(): void {
    this.#boots += 1;
    this.bootId = `boot ${this.#boots}`;
    // What the disk wrote by itself before the end.
    for (const { effects } of this.#steps.splice(0))
      if (this.#random(2) === 0) for (const effect of effects) settle(effect);
    const seen = new Set<Inode>();
    this.#recover(this.root, seen);
    this.#files.clear();
    for (const inode of seen) inode.links = inode.kind === 'folder' ? 2 : 0;
    for (const { names } of seen) for (const inode of names.values()) inode.links += 1;
  }

  #recover(inode: Inode, seen: Set<Inode>): void {
    if (seen.has(inode)) return;
    seen.add(inode);
    if (inode.kind === 'file') {
      const { unsynced } = inode;
      inode.bytes = copyOf(inode.synced);
      inode.size = inode.synced.length;
      for (const write of unsynced) if (this.#random(2) === 0) apply(inode, this.#torn(write));
      inode.synced = copyOf(inode.bytes.subarray(0, inode.size));
      inode.unsynced = [];
      inode.database?.cutPower(this.#random);
      return;
    }
    inode.names.clear();
    for (const [name, below] of inode.syncedNames) {
      inode.names.set(name, below);
      this.#recover(below, seen);
    }
  }

  #torn(write: Write): Write {
    if ('size' in write || this.#random(4) > 0) return write;
    return { at: write.at, bytes: write.bytes.subarray(0, this.#random(write.bytes.length + 1)) };
  }
}

function settle({ folder, name, inode }: NameStep['effects'][number]): void {
  if (inode === undefined) folder.syncedNames.delete(name);
  else folder.syncedNames.set(name, inode);
}

function apply(file: Inode, write: Write): void {
  if ('size' in write) {
    if (write.size > file.size) grow(file, write.size);
    file.bytes.fill(0, write.size);
    file.size = write.size;
    return;
  }
  const end = write.at + write.bytes.length;
  if (end > file.size) grow(file, end);
  write.bytes.copy(file.bytes, write.at);
}

function grow(file: Inode, size: number): void {
  if (size <= file.bytes.length) {
    file.size = size;
    return;
  }
  const larger = room(Math.max(size, 2 * file.bytes.length));
  file.bytes.copy(larger, 0, 0, file.size);
  file.bytes = larger;
  file.size = size;
}
