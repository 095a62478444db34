/**
 * Lines between processes of a simulated world, in the place of link/socket.ts: latency, a rate, cuts, lines that go silent,
 * a net that is away for a while, and content that is damaged under way. Bytes of one line stay in order; lines overtake one
 * another.
 */

import { Code, FerryError } from '@ferry/protocol';
import type { Link, LinkReader } from '@ferry/protocol/link';
import { type Process, type World, world } from '../world.ts';
import { copyOf } from './disk.ts';

export type Manners = {
  /** One way, milliseconds. */
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** Of messages that carry a block. */
  readonly damagedPerMille: number;
};

/** Nothing smaller is ever damaged: TLS would not let it pass, and only content is checked once more. */
const contentBytes = 200;
const capacityBytes = 1024;
/** After this time what did not arrive is sent again, then after twice that, and so on, milliseconds. */
const firstRepeatMs = 200;

type Arrival = { bytes: Buffer; readonly taken: () => void } | 'end';

class End implements Link {
  readonly peer: string;
  readonly line: Line;
  readonly process: Process;
  other!: End;
  bufferedBytes = 0;
  #reader: LinkReader | undefined;
  #isPaused = false;
  readonly #inbox: Arrival[] = [];
  #isDelivering = false;
  #isFull = false;
  #isClosing = false;
  isOver = false;
  /** When what was sent last arrives. */
  #lastMs = 0;
  /** Lost on its way and not yet sent again, and when the first of it was lost. */
  readonly #lost: Arrival[] = [];
  #lostMs = 0;

  constructor(line: Line, process: Process, peer: string) {
    this.line = line;
    this.process = process;
    this.peer = peer;
  }

  start(reader: LinkReader): void {
    this.#reader = reader;
    this.#deliver();
  }

  send(bytes: Uint8Array, sent?: () => void): boolean {
    if (this.isOver || this.#isClosing) return true;
    const copy = copyOf(bytes);
    this.bufferedBytes += copy.length;
    this.line.damage(copy);
    this.#arrives(
      {
        bytes: copy,
        taken: () => {
          world().timer(() => this.#taken(copy.length, sent), 0, { process: this.process });
        },
      },
      copy.length,
    );
    this.#isFull = this.bufferedBytes >= capacityBytes;
    return !this.#isFull;
  }

  #arrives(what: Arrival, bytes: number): void {
    const { latencyMs, bytesPerMs } = this.line.manners;
    const { nowMs } = world();
    this.#lastMs = Math.max(this.#lastMs, nowMs + latencyMs) + bytes / bytesPerMs;
    const { other } = this;
    const arrive = (): void => {
      if (this.#lost.length === 0 && !this.line.isAway) other.receive(what);
      else this.#lose(what);
    };
    world().timer(arrive, this.#lastMs - nowMs, { process: other.process });
  }

  #lose(what: Arrival): void {
    if (this.#lost.length === 0) this.#lostMs = world().nowMs;
    this.#lost.push(what);
  }

  /** The net is back: what was lost is sent again when its time has come, which may be as late again as it was away. */
  repeat(): void {
    const { nowMs } = world();
    const { other } = this;
    if (this.#lost.length === 0 && !other.isOver) return;
    let atMs = this.#lost.length === 0 ? nowMs : this.#lostMs;
    for (let waitMs = firstRepeatMs; atMs < nowMs; waitMs *= 2) atMs += waitMs;
    const arrive = (): void => {
      if (this.line.isAway) return;
      // Who has left meanwhile says so.
      if (other.isOver) this.finish(lost());
      else for (const what of this.#lost.splice(0)) other.receive(what);
    };
    world().timer(arrive, atMs - nowMs + this.line.manners.latencyMs, { process: other.process });
  }

  #taken(bytes: number, sent: (() => void) | undefined): void {
    this.bufferedBytes -= bytes;
    if (this.isOver) return;
    sent?.();
    if (!this.#isFull || this.bufferedBytes >= capacityBytes) return;
    this.#isFull = false;
    this.#reader?.onDrain();
  }

  receive(what: Arrival): void {
    if (this.isOver || this.line.isSilent) return;
    this.#inbox.push(what);
    this.#deliver();
  }

  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#reader !== undefined && !this.#isPaused && !this.isOver) {
      const next = this.#inbox.shift();
      if (next === undefined) break;
      if (next === 'end') {
        this.finish(undefined);
        break;
      }
      this.#reader.onData(next.bytes);
      next.taken();
    }
    this.#isDelivering = false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    world().timer(() => this.#deliver(), 0, { process: this.process });
  }

  close(): void {
    if (this.isOver || this.#isClosing) return;
    this.#isClosing = true;
    this.#arrives('end', 0);
    world().timer(() => this.finish(undefined), 2 * this.line.manners.latencyMs, { process: this.process });
  }

  abort(error: FerryError): void {
    if (this.isOver) return;
    this.finish(error);
  }

  finish(error: FerryError | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    const { other } = this;
    if (!this.line.isSilent && !this.line.isAway) {
      const lost = (): void => other.finish(new FerryError(Code.CONNECTION_LOST, 'the connection was lost'));
      world().timer(lost, this.line.manners.latencyMs, { process: other.process });
    }
    world().timer(() => this.#reader?.onEnd(error), 0, { process: this.process });
    this.line.over();
  }

  exportKey(): Buffer {
    return Buffer.alloc(32);
  }
}

export class Line {
  readonly manners: Manners;
  readonly #network: Network;
  isSilent = false;
  readonly ends: readonly [End, End];

  constructor(network: Network, near: Process, far: Process) {
    this.#network = network;
    this.manners = network.manners;
    this.ends = [new End(this, near, far.name), new End(this, far, near.name)];
    this.ends[0].other = this.ends[1];
    this.ends[1].other = this.ends[0];
    for (const { process, other } of this.ends)
      process.onEnd.push(() => {
        const ms = this.#network.isGone(process.machine.name) ? world().random(3000) : this.manners.latencyMs;
        world().timer(() => other.finish(lost()), ms, { process: other.process });
      });
  }

  get isAway(): boolean {
    return this.#network.isAway;
  }

  damage(bytes: Buffer): void {
    const { random } = world();
    if (bytes.length < contentBytes || random(1000) >= this.manners.damagedPerMille) return;
    const at = bytes.length - 1 - random(contentBytes / 2);
    bytes[at] = bytes[at]! ^ (1 << random(8));
    this.#network.damaged += 1;
  }

  cut(): void {
    for (const end of this.ends)
      world().timer(() => end.finish(lost()), world().random(50), { process: end.process });
  }

  over(): void {
    if (this.ends.every(({ isOver, process }) => isOver || !process.isAlive))
      this.#network.lines.delete(this);
  }
}

function lost(): FerryError {
  return new FerryError(Code.CONNECTION_LOST, 'the line was cut');
}

export class Network {
  readonly lines = new Set<Line>();
  readonly #world: World;
  readonly #gone = new Set<string>();
  manners: Manners;
  damaged = 0;
  cuts = 0;
  /** Nothing arrives, and nobody is told. */
  isAway = false;

  constructor(at: World, manners: Manners) {
    this.#world = at;
    this.manners = manners;
  }

  connect(near: Process, far: Process): { near: Link; far: Link } {
    const line = new Line(this, near, far);
    this.lines.add(line);
    return { near: line.ends[0], far: line.ends[1] };
  }

  /** One of them; now and then it only falls silent. */
  cutOne(): void {
    const line = this.#world.pick([...this.lines]);
    if (line === undefined) return;
    this.cuts += 1;
    if (this.#world.chance(5)) line.isSilent = true;
    else line.cut();
  }

  goAway(): void {
    this.isAway = true;
  }

  comeBack(): void {
    this.isAway = false;
    for (const { ends } of this.lines) for (const end of ends) end.repeat();
  }

  isGone(machine: string): boolean {
    return this.#gone.has(machine);
  }

  /** Nobody says goodbye for it while `during`. */
  withoutFarewell(machine: string, during: () => void): void {
    this.#gone.add(machine);
    during();
    this.#gone.delete(machine);
  }
}
