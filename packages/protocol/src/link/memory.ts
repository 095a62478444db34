/**
 * Two links joined in memory, with a network's manners: latency, capacity, cuts. For tests and simulations of everything
 * above the network; also the first to pass the link suite.
 */

import { createHash, randomBytes } from 'node:crypto';
import { Code, FerryError } from '../errors.ts';
import type { Link, LinkReader } from './link.ts';

export type MemoryLinkOpts = {
  /** One way, milliseconds. 0: the next turn of the event loop. */
  latencyMs?: number;
  /** Bytes under way in one direction before `send` says "enough". */
  capacityBytes?: number;
  /** Largest piece that arrives at once; cuts everything above into pieces of 1 … this many bytes. */
  pieceBytes?: number;
  /** The line goes dead after this many bytes in either direction together. */
  cutAfterBytes?: number;
};

class Wire {
  readonly #secret = randomBytes(32);
  readonly opts: Required<MemoryLinkOpts>;
  carried = 0;
  ends: MemoryLink[] = [];

  constructor(opts: MemoryLinkOpts) {
    this.opts = {
      latencyMs: 0,
      capacityBytes: 1024 * 1024,
      pieceBytes: Number.MAX_SAFE_INTEGER,
      cutAfterBytes: Number.MAX_SAFE_INTEGER,
      ...opts,
    };
  }

  exportKey(label: string): Buffer {
    return createHash('sha256').update(this.#secret).update(label).digest();
  }

  later(run: () => void): void {
    if (this.opts.latencyMs > 0) setTimeout(run, this.opts.latencyMs);
    else setImmediate(run);
  }

  cut(): void {
    for (const end of this.ends) end.abort(new FerryError(Code.CONNECTION_LOST, 'the line was cut'));
  }
}

class MemoryLink implements Link {
  readonly peer: string;
  readonly #wire: Wire;
  #other: MemoryLink | undefined;
  #reader: LinkReader | undefined;
  #paused = false;
  /** What has arrived and was not taken yet, in order. `undefined` is the peer's clean end. */
  readonly #inbox: ({ bytes: Buffer; taken: () => void } | undefined)[] = [];
  #underWay = 0;
  #full = false;
  #closing = false;
  #ended = false;

  constructor(wire: Wire, peer: string) {
    this.#wire = wire;
    this.peer = peer;
  }

  join(other: MemoryLink): void {
    this.#other = other;
  }

  get bufferedBytes(): number {
    return this.#underWay;
  }

  start(reader: LinkReader): void {
    this.#reader = reader;
    if (this.#ended) setImmediate(() => reader.onEnd(undefined));
    else this.#deliver();
  }

  send(bytes: Uint8Array, sent?: () => void): boolean {
    if (this.#ended || this.#closing) return true;
    const wire = this.#wire;
    const copy = Buffer.from(bytes);
    this.#underWay += copy.length;
    wire.carried += copy.length;
    const cutHere = wire.carried > wire.opts.cutAfterBytes;
    wire.later(() => {
      if (cutHere) {
        wire.cut();
        return;
      }
      this.#other?.receive({ bytes: copy, taken: () => this.#taken(copy.length, sent) });
    });
    this.#full = this.#underWay >= wire.opts.capacityBytes;
    return !this.#full;
  }

  #taken(count: number, sent: (() => void) | undefined): void {
    this.#underWay -= count;
    if (this.#ended) return;
    sent?.();
    if (this.#full && this.#underWay < this.#wire.opts.capacityBytes) {
      this.#full = false;
      this.#reader?.onDrain();
    }
  }

  receive(item: { bytes: Buffer; taken: () => void } | undefined): void {
    if (this.#ended) return;
    this.#inbox.push(item);
    this.#deliver();
  }

  #delivering = false;

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    while (this.#reader !== undefined && !this.#paused && !this.#ended) {
      const [item] = this.#inbox;
      if (this.#inbox.length === 0) break;
      if (item === undefined) {
        this.#end(undefined);
        break;
      }
      const piece = Math.min(item.bytes.length, 1 + Math.floor(Math.random() * this.#wire.opts.pieceBytes));
      const bytes = item.bytes.subarray(0, piece);
      item.bytes = item.bytes.subarray(piece);
      const whole = item.bytes.length === 0;
      if (whole) this.#inbox.shift();
      this.#reader.onData(bytes);
      if (whole) item.taken();
    }
    this.#delivering = false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    setImmediate(() => this.#deliver());
  }

  close(): void {
    if (this.#ended || this.#closing) return;
    this.#closing = true;
    const other = this.#other;
    this.#wire.later(() => {
      other?.receive(undefined);
      this.#wire.later(() => this.#end(undefined));
    });
  }

  abort(error: FerryError): void {
    if (this.#ended) return;
    this.#end(error);
    const other = this.#other;
    this.#wire.later(() => other?.abort(new FerryError(Code.CONNECTION_LOST, 'the connection was lost')));
  }

  #end(error: FerryError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    if (!this.#closing) {
      this.#closing = true;
      const other = this.#other;
      this.#wire.later(() => other?.receive(undefined));
    }
    const reader = this.#reader;
    if (reader !== undefined) setImmediate(() => reader.onEnd(error));
  }

  exportKey(label: string): Buffer {
    return this.#wire.exportKey(label);
  }
}

/** Two ends of one line; `cut` makes it go dead for both. */
export function memoryLinks(opts: MemoryLinkOpts = {}): { a: Link; b: Link; cut: () => void } {
  const wire = new Wire(opts);
  const a = new MemoryLink(wire, 'memory:b');
  const b = new MemoryLink(wire, 'memory:a');
  a.join(b);
  b.join(a);
  wire.ends = [a, b];
  return { a, b, cut: () => wire.cut() };
}
