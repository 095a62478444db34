/**
 * Joins the hub of this process with those of the other servers, over a wire that may lose anything: what is said here goes there, what is
 * lost is told as a gap, and who is gone as gone. The wire is a border: what comes is checked here, and only what is right reaches a thread.
 * Main thread.
 *
 * Time is counted in beats: each server says now and then that it is there, and one is gone when several of our own beats have come back over
 * the wire and none of its has come meanwhile. So neither a machine that stood still nor a line that is broken makes others seem dead; when
 * our own do not come back, it is we who are cut off.
 */

import { FerryError, limits } from '@ferry/protocol';
import { decodeToAll, encodeSaid, type ToAll, type Unnumbered } from './envelope.ts';
import type { BusHub, Far, Near } from './hub.ts';
import type { Subjects } from './parcel.ts';
import { serverIdForm, type Wire } from './wire.ts';

/** Servers that were taken for gone and may come back. */
const mostRemembered = 4096;
/** After so many beats who was there when we came has been heard of. */
const settledBeats = 3;

export type FarServer = {
  readonly id: string;
  /** What it told of itself last; not looked into. */
  readonly about: Uint8Array;
};

type Other = {
  readonly id: string;
  /** Behind its members' names, so that none is given twice. */
  readonly suffix: string;
  /** Names here, by names there. */
  readonly members: Map<string, string>;
  seq: number;
  /** Of our beats since anything of it came. */
  silent: number;
  about: Uint8Array;
};

export type BridgeOpts = {
  /** As serverIdForm has it; the names of this process's members begin with it and a dot. */
  readonly id: string;
  readonly hub: BusHub;
  /**
   * Looks at what comes of a subject that all servers share: throws a FerryError for what no server of ours says. undefined: the subject is this
   * process's own, and is neither sent nor taken.
   */
  readonly checkOf: (subject: string) => ((body: Uint8Array) => void) | undefined;
  /** What others are told of this server, at most aboutBytes. */
  readonly about: () => Uint8Array;
  /** Whether our messages come back: false while we are cut off. Called with each change, also with the first beat that comes back. */
  readonly onReach: (isWhole: boolean) => void;
  /** Something came that no server of ours says. */
  readonly onNonsense: (server: string, why: FerryError) => void;
};

export class Bridge {
  readonly #opts: BridgeOpts;
  readonly #near: Near;
  readonly #own = new Set<string>();
  readonly #others = new Map<string, Other>();
  /** Those that were taken for gone, oldest first. */
  readonly #lost = new Set<string>();
  #wire: Wire | undefined;
  #seq = 0;
  /** Beats of ours that have not come back. */
  #unheard = 0;
  /** Beats that came back since the wire was last mended. */
  #beats = 0;
  #returns = 0;
  #isWhole = false;
  #isClosed = false;

  /** Members that have joined the hub before are not told of. */
  constructor(opts: BridgeOpts) {
    this.#opts = opts;
    const far: Far = {
      shares: (subject) => opts.checkOf(subject) !== undefined,
      joined: (member) => this.#own.add(this.#plain(member)),
      message: (subject, body, from) => this.#tell(subject, body, from),
      gap: (subjects) => this.#tellGap(subjects),
      gone: (member) => this.#tellGone(member),
    };
    this.#near = opts.hub.bridge(far);
  }

  /** What comes of the wire goes to {@link hear} and {@link mended}. */
  begin(wire: Wire): void {
    this.#wire = wire;
    this.beat();
  }

  /** Our messages come back, so others hear us and we hear them. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Who is there has been heard of, and they hear us. */
  get isSettled(): boolean {
    return this.#beats >= settledBeats;
  }

  /** The other servers that are there. */
  get servers(): readonly FarServer[] {
    return [...this.#others.values()].map(({ id, about }) => ({ id, about }));
  }

  has(server: string): boolean {
    return this.#others.has(server);
  }

  /** How long until the next beat is due, milliseconds: the more servers, the longer, as each hears all. */
  get beatMs(): number {
    return Math.max(limits.busBeatMs, 10 * (this.#others.size + 1));
  }

  /** To be called every `beatMs`. */
  beat(): void {
    if (this.#isClosed) return;
    this.#unheard += 1;
    if (this.#unheard > limits.busGoneBeats) {
      if (this.#isWhole) this.#cutOff();
      if (this.#unheard % limits.busGoneBeats === 1) this.#wire?.renew();
    }
    const { about } = this.#opts;
    this.#wire?.send(encodeSaid({ what: 'beat', seq: this.#seq, members: [...this.#own], about: about() }));
  }

  /** What came on the wire to all. @param server says who sent it, which nobody has checked */
  hear(server: string, payload: Uint8Array): void {
    if (this.#isClosed || !serverIdForm.test(server)) return;
    try {
      if (server === this.#opts.id) this.#hearOwn(decodeToAll(payload));
      else this.#hearOther(server, decodeToAll(payload));
    } catch (error) {
      if (!(error instanceof FerryError)) throw error;
      this.#opts.onNonsense(server, error);
    }
  }

  /** The wire was broken. */
  mended(): void {
    if (this.#isClosed) return;
    this.#beats = 0;
    this.#near.gap('all');
    this.beat();
  }

  /** Says goodbye. The wire is the caller's to close. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#say({ what: 'bye' });
    this.#isClosed = true;
    this.#near.leave();
  }

  /** Without the server's name in front. */
  #plain(member: string): string {
    return member.slice(this.#opts.id.length + 1);
  }

  #say(said: Unnumbered): void {
    this.#seq += 1;
    this.#wire?.send(encodeSaid({ ...said, seq: this.#seq }));
  }

  #tell(subject: string, body: Uint8Array, from: string): void {
    if (this.#opts.checkOf(subject) === undefined) return;
    this.#say({ what: 'message', member: this.#plain(from), subject, body });
  }

  #tellGap(subjects: Subjects): void {
    if (subjects === 'all') {
      this.#say({ what: 'gap', subjects: undefined });
      return;
    }
    const shared = subjects.filter((subject) => this.#opts.checkOf(subject) !== undefined);
    if (shared.length > 0) this.#say({ what: 'gap', subjects: shared });
  }

  #tellGone(member: string): void {
    const plain = this.#plain(member);
    if (this.#own.delete(plain)) this.#say({ what: 'gone', member: plain });
  }

  #hearOwn(said: ToAll): void {
    if (said.what !== 'beat') return;
    this.#unheard = 0;
    this.#beats += 1;
    // Within a cluster of NATS nodes, others may learn a little later than ours that we are listening.
    if (this.#beats === settledBeats) this.#near.gap('all');
    for (const other of [...this.#others.values()]) {
      other.silent += 1;
      if (other.silent > limits.busGoneBeats) this.#lose(other);
    }
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#opts.onReach(true);
  }

  #hearOther(server: string, said: ToAll): void {
    const before = said.what === 'beat' ? said.seq : said.seq - 1;
    const other = this.#others.get(server) ?? this.#meet(server, before);
    if (other === undefined) return;
    other.silent = 0;
    if (before < other.seq) return;
    if (before > other.seq) this.#near.gap('all');
    other.seq = said.seq;
    switch (said.what) {
      case 'beat':
        this.#hearBeat(other, said.members, said.about);
        break;
      case 'message': {
        const check = this.#opts.checkOf(said.subject);
        if (check === undefined) break;
        check(said.body);
        const from = this.#nameOf(other, said.member);
        if (from !== undefined) this.#near.message(said.subject, said.body, from);
        break;
      }
      case 'gap':
        this.#near.gap(said.subjects ?? 'all');
        break;
      case 'gone':
        this.#leave(other, said.member);
        break;
      case 'bye':
        this.#others.delete(server);
        for (const member of [...other.members.keys()]) this.#leave(other, member);
        break;
    }
  }

  /** What it says with each beat mends what was lost in between. */
  #hearBeat(other: Other, members: readonly string[], about: Uint8Array): void {
    other.about = about;
    const there = new Set(members);
    for (const member of [...other.members.keys()]) if (!there.has(member)) this.#leave(other, member);
    for (const member of members) this.#nameOf(other, member);
  }

  /** @param seq of what it had said before what we hear now */
  #meet(id: string, seq: number): Other | undefined {
    if (this.#others.size >= limits.busServers) return undefined;
    const isBack = this.#lost.delete(id);
    if (isBack) this.#returns += 1;
    const suffix = isBack ? `.again-${this.#returns}` : '';
    const other = { id, suffix, members: new Map(), seq, silent: 0, about: new Uint8Array() };
    this.#others.set(id, other);
    // One that was there before we came has told us nothing yet, and nobody has asked; of others we have missed something.
    if (isBack || (seq > 0 && this.isSettled)) this.#near.gap('all');
    return other;
  }

  #nameOf(other: Other, member: string): string | undefined {
    const known = other.members.get(member);
    if (known !== undefined || other.members.size >= limits.busMembers) return known;
    const name = `${other.id}.${member}${other.suffix}`;
    other.members.set(member, name);
    return name;
  }

  #leave(other: Other, member: string): void {
    const name = other.members.get(member);
    if (name === undefined) return;
    other.members.delete(member);
    this.#near.gone(name);
  }

  #lose(other: Other): void {
    this.#others.delete(other.id);
    for (const member of [...other.members.keys()]) this.#leave(other, member);
    this.#lost.add(other.id);
    for (const oldest of this.#lost) {
      if (this.#lost.size <= mostRemembered) break;
      this.#lost.delete(oldest);
    }
  }

  #cutOff(): void {
    this.#isWhole = false;
    for (const other of [...this.#others.values()]) this.#lose(other);
    this.#opts.onReach(false);
  }
}
