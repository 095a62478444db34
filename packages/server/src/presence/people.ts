/**
 * Who is here, on all threads: each tells the others over the bus of its own sessions and keeps what it hears of theirs. Who was not told
 * something asks all to tell everything again. Worker threads.
 */

import { Code, encodePath, FerryError, limits, type Path } from '@ferry/protocol';
import { type Activity, personShape } from '@ferry/protocol/messages';
import { type Packable, pack, path as pathShape, unpack } from '@ferry/protocol/wire';
import type { Bus } from '../bus/bus.ts';

/** A session that others may know of. */
export type Here = {
  /** 8 bytes as a byte string. */
  readonly id: string;
  readonly user: string;
  readonly client: string;
  readonly sinceMs: number;
  /** What it sees as its root, from the shared folder: only those with the same one know of each other. */
  readonly root: Path;
  readonly activity: Activity | undefined;
};

export type Entered = {
  /** Something else than before, or undefined: nobody may know of it now. */
  readonly is: (here: Here | undefined) => void;
  readonly leave: () => void;
};

export const presenceSubject = 'presence';
/** Rows that are kept of one thread; no more of its people are known. */
const mostRows = limits.connections;
/** How long changes are gathered before the other threads, and then people, are told, milliseconds. */
const gatherMs = 100;
const tellMs = 250;
/** Rows of one message together; one is smaller by far. */
const messageBytes = 32 * 1024;

const What = { rows: 0, left: 1, ask: 2 } as const;

export class People {
  readonly #bus: Bus;
  readonly #own = new Map<string, Here>();
  /** By member of the bus, then by id. */
  readonly #others = new Map<string, Map<string, Here>>();
  /** Own ones that have not been told yet. */
  readonly #untold = new Set<string>();
  readonly #ears = new Map<string, Set<() => void>>();
  readonly #changed = new Set<string>();
  #isTelling = false;
  #isSaying = false;
  #mustTellAll = false;

  constructor(bus: Bus) {
    this.#bus = bus;
    const { ready } = bus.subscribe(presenceSubject, {
      onMessage: (body, from) => this.#hear(body, from),
      onGap: () => this.#ask(),
    });
    bus.onGone((member) => {
      for (const here of this.#others.get(member)?.values() ?? []) this.#change(here);
      this.#others.delete(member);
    });
    // A thread that begins knows nobody.
    void ready.then(() => this.#ask());
  }

  enter(): Entered {
    let now: Here | undefined;
    const is = (here: Here | undefined): void => {
      if (here === undefined && now === undefined) return;
      if (now !== undefined) this.#own.delete(now.id);
      if (here !== undefined) this.#own.set(here.id, here);
      for (const one of [now, here]) {
        if (one === undefined) continue;
        this.#untold.add(one.id);
        this.#change(one);
      }
      now = here;
      this.#tellSoon();
    };
    return { is, leave: () => is(undefined) };
  }

  /** Those who see the same folder as their root, whoever came first at the front. */
  at(root: Path): readonly Here[] {
    const scope = scopeOf(root);
    return [this.#own, ...this.#others.values()]
      .flatMap((rows) => [...rows.values()])
      .filter((here) => scopeOf(here.root) === scope)
      .toSorted((a, b) => a.sinceMs - b.sinceMs || (a.id < b.id ? -1 : 1));
  }

  /** Calls `listener` a moment after something has changed there. Gives back what ends that. */
  listen(root: Path, listener: () => void): () => void {
    const scope = scopeOf(root);
    const ears = this.#ears.get(scope) ?? new Set();
    this.#ears.set(scope, ears);
    ears.add(listener);
    return () => {
      ears.delete(listener);
      if (ears.size === 0 && this.#ears.get(scope) === ears) this.#ears.delete(scope);
    };
  }

  #hear(body: Uint8Array, from: string): void {
    if (from === this.#bus.member) return;
    const message = unpack(Buffer.from(body));
    const [what, first, list] = Array.isArray(message) ? (message as unknown[]) : [];
    if (what === What.ask) {
      this.#mustTellAll = true;
      this.#tellSoon();
      return;
    }
    const rows = this.#others.get(from) ?? new Map<string, Here>();
    if (what === What.rows && first === true) {
      for (const here of rows.values()) this.#change(here);
      rows.clear();
    }
    this.#others.set(from, rows);
    for (const item of Array.isArray(list) ? (list as unknown[]) : []) {
      const here = what === What.rows ? hereOf(item) : rows.get(idOf(item));
      if (here === undefined) continue;
      if (what === What.left) rows.delete(here.id);
      else if (rows.has(here.id) || rows.size < mostRows) rows.set(here.id, here);
      this.#change(here);
    }
  }

  #ask(): void {
    this.#bus.publish(presenceSubject, pack([What.ask]));
  }

  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setTimeout(() => this.#tell(), gatherMs).unref();
  }

  #tell(): void {
    this.#isTelling = false;
    const untold = [...this.#untold];
    this.#untold.clear();
    const isAll = this.#mustTellAll;
    this.#mustTellAll = false;
    const here = isAll ? [...this.#own.values()] : untold.flatMap((id) => this.#own.get(id) ?? []);
    this.#publishRows(here, isAll);
    const left = isAll ? [] : untold.filter((id) => !this.#own.has(id));
    if (left.length > 0) this.#publishLeft(left);
  }

  /** In as many messages as it takes; the first of all rows also says that there are no others. */
  #publishRows(all: readonly Here[], isAll: boolean): void {
    let rows: Packable[] = [];
    let bytes = 0;
    let isFirst = isAll;
    const send = (): void => {
      if (rows.length === 0 && !isFirst) return;
      this.#bus.publish(presenceSubject, pack([What.rows, isFirst, rows]));
      [rows, bytes, isFirst] = [[], 0, false];
    };
    for (const here of all) {
      const row = rowOf(here);
      const size = pack(row).length;
      if (bytes + size > messageBytes) send();
      rows.push(row);
      bytes += size;
    }
    send();
  }

  #publishLeft(ids: readonly string[]): void {
    const each = 1000;
    for (let i = 0; i < ids.length; i += each) {
      const some = ids.slice(i, i + each).map((id) => Buffer.from(id, 'latin1'));
      this.#bus.publish(presenceSubject, pack([What.left, false, some]));
    }
  }

  #change({ root }: Here): void {
    this.#changed.add(scopeOf(root));
    if (this.#isSaying) return;
    this.#isSaying = true;
    setTimeout(() => {
      this.#isSaying = false;
      const scopes = [...this.#changed];
      this.#changed.clear();
      for (const scope of scopes) for (const ear of [...(this.#ears.get(scope) ?? [])]) ear();
    }, tellMs).unref();
  }
}

function scopeOf(root: Path): string {
  return encodePath(root).toString('latin1');
}

function rowOf(here: Here): Packable {
  return [Buffer.from(scopeOf(here.root), 'latin1'), personShape.put({ ...here, isSelf: false })];
}

/** What another server says of its people. @throws {FerryError} MALFORMED, or a NAME_… code */
export function checkPresence(body: Uint8Array): void {
  const message = unpack(Buffer.from(body));
  const [what, first, list] = Array.isArray(message) ? (message as unknown[]) : [];
  if (what === What.ask) return;
  const isTold =
    (what === What.rows || what === What.left) && typeof first === 'boolean' && Array.isArray(list);
  if (!isTold) throw new FerryError(Code.MALFORMED, 'nobody says this of people');
  for (const item of list as unknown[]) {
    if (what === What.rows) hereOf(item);
    else if (idOf(item) === '') throw new FerryError(Code.MALFORMED, 'a session without an id');
  }
}

/** @throws {FerryError} MALFORMED, or a NAME_… code */
function hereOf(row: unknown): Here {
  const [root, person] = Array.isArray(row) ? (row as unknown[]) : [];
  const { id, user, client, sinceMs, activity } = personShape.get(person, 'person');
  return { id, user, client, sinceMs, activity, root: pathShape.get(root, 'root') };
}

function idOf(item: unknown): string {
  return item instanceof Uint8Array ? Buffer.from(item).toString('latin1') : '';
}
