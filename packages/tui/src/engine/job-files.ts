/**
 * The files of one job: moves those that the walk has found, and sees to names that are taken: by the job's rule, or by asking,
 * while the others go on. Held by live-job.ts; I/O thread.
 */

import { asFerryError, Code, FerryError, type Name, type Path } from '@ferry/protocol';
import { type Answer, type ConflictRule, type Question, ruleOf } from '../transfer/conflict.ts';
import type { Placing, TransferContext } from '../transfer/context.ts';
import type { Gate } from '../transfer/gate.ts';
import { combine, type Limiter } from '../transfer/pace.ts';
import type { FileItem } from '../transfer/packs.ts';
import { keepOwner } from './fidelity.ts';
import type { JobOrder } from './job.ts';
import type { LiveJobContext } from './live-job-context.ts';
import { moveFile, movePack } from './move.ts';
import { orderTag } from './order-tag.ts';
import type { Place, TakenNames } from './taken-names.ts';
import type { WalkContext } from './walk.ts';

export type Files = readonly [FileItem, ...FileItem[]];

export type JobFilesOpts = {
  readonly order: JobOrder;
  readonly context: LiveJobContext;
  readonly walk: () => WalkContext;
  readonly names: TakenNames;
  readonly gate: Gate;
  /** The job's own. */
  readonly limiter: Limiter;
  readonly onBytes: (bytes: number) => void;
  readonly onDigest: (digest: Uint8Array) => void;
  readonly onEnded: (item: FileItem, result: 'moved' | 'skipped') => void;
  readonly onFailed: (item: FileItem, error: FerryError) => void;
  /** Something of a file that was moved could not be kept. */
  readonly onLost: (below: Path, what: string) => void;
};

/** So many files wait for an answer at most: then the walk waits, too. */
const mostAsked = 1000;
/** Files of a pack that have to go by themselves, at once. */
const besides = 8;
/** A name found free may be taken when the file gets there; so often it is looked at again. */
const looks = 3;

type Asked = { readonly item: FileItem; readonly question: Question };

export class JobFiles {
  readonly #opts: JobFilesOpts;
  #rule: ConflictRule;
  #asked: Asked[] = [];
  /** Answered, or under a rule that came after the question; the answer is for this one alone. */
  #answered: { readonly item: FileItem; readonly rule: ConflictRule | undefined }[] = [];

  constructor(opts: JobFilesOpts) {
    const { existing: policy, allowEmpty = false } = opts.order;
    this.#rule = { policy, allowEmpty };
    this.#opts = opts;
  }

  get rule(): ConflictRule {
    return this.#rule;
  }

  /** For all that come from now on, and for those that wait for an answer. */
  set rule(rule: ConflictRule) {
    this.#rule = rule;
    for (const { item } of this.#asked.splice(0)) this.#answered.push({ item, rule: undefined });
  }

  /** The first that nobody has answered. */
  get question(): Question | undefined {
    return this.#asked[0]?.question;
  }

  get asksTooMuch(): boolean {
    return this.#asked.length >= mostAsked;
  }

  get hasAnswered(): boolean {
    return this.#answered.length > 0;
  }

  /** To the question shown; what the answer is for besides it is the caller's. */
  answer(answer: Answer): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return;
    this.#answered.push({ item: asked.item, rule: ruleOf(asked.question, answer) });
  }

  /** What was asked is asked again when it is come upon again. */
  forget(): void {
    this.#asked = [];
    this.#answered = [];
  }

  /** Moves the next that was answered; to be called when `hasAnswered`. Failures are told, never thrown. */
  async moveAnswered(): Promise<void> {
    const next = this.#answered.shift();
    if (next !== undefined) await this.#moveOne(next.item, next.rule ?? this.#rule);
  }

  /** Each ends as moved, skipped, failed, or asks. @throws never; a cancelled one ends without being told */
  async move(items: Files): Promise<void> {
    const rule = this.#rule;
    if (items.length === 1) {
      await this.#moveOne(items[0], rule);
      return;
    }
    const { order, walk, names, onEnded, onFailed } = this.#opts;
    const { signal, openRoot, origin } = walk();
    try {
      const [together, alone] = await this.#split(items, rule);
      const [first, ...rest] = together;
      if (first !== undefined) {
        const context = this.#transfer(names.unseen(rule).placing);
        const outcomes = await movePack({ order, openRoot, origin }, [first, ...rest], context);
        const moved = together.filter((_, i) => outcomes[i] === 'moved');
        if (order.owners === true) await Promise.all(moved.map((item) => this.#keepOwner(item)));
        for (const [i, item] of together.entries()) {
          const outcome = outcomes[i] ?? 'again';
          if (outcome === 'moved') onEnded(item, outcome);
          else if (outcome === 'again' || outcome.code === Code.EXISTS) alone.push(item);
          else onFailed(item, outcome);
        }
      }
      const next = alone.values();
      const work = async (): Promise<void> => {
        for (const item of next) await this.#moveOne(item, rule);
      };
      await Promise.all(Array.from({ length: Math.min(besides, alone.length) }, work));
    } catch (thrown) {
      if (!signal.aborted) for (const item of items) onFailed(item, asFerryError(thrown));
    }
  }

  /** What can go together without having been looked at, and what has to be seen to by itself. */
  async #split(items: Files, rule: ConflictRule): Promise<[together: FileItem[], alone: FileItem[]]> {
    const taken = await this.#opts.names.lookAll(rule, items);
    return [items.filter((_, i) => taken[i] !== true), items.filter((_, i) => taken[i] === true)];
  }

  async #moveOne(item: FileItem, rule: ConflictRule): Promise<void> {
    const { order, walk, names, onEnded, onFailed } = this.#opts;
    const { signal, openRoot, origin } = walk();
    try {
      let mustLook = names.wantsLook(rule, item);
      const taken = new Set<Name | undefined>();
      for (let looked = 0; ; looked++) {
        const place = await this.#place(item, rule, mustLook, taken);
        if (place.do === 'ask') {
          this.#asked.push({ item, question: { ...place.question, askedMs: Date.now() } });
          return;
        }
        if (place.do === 'nothing') {
          if (place.why === 'there') await names.believe(item);
          onEnded(item, place.why === 'there' ? 'moved' : 'skipped');
          return;
        }
        try {
          await moveFile({ order, openRoot, origin }, item, place, this.#transfer(place.placing));
          await this.#keepOwner(item, place.name);
          onEnded(item, 'moved');
          return;
        } catch (thrown) {
          const isTaken = thrown instanceof FerryError && thrown.code === Code.EXISTS;
          if (!isTaken || place.placing.existing !== 'fail') throw thrown;
          if (names.isBlind) taken.add(place.name);
          else if (looked >= looks) throw thrown;
          mustLook = true;
        }
      }
    } catch (thrown) {
      if (!signal.aborted) onFailed(item, asFerryError(thrown));
    }
  }

  /** @param taken names that were found taken where nobody may look; undefined: its own */
  async #place(
    item: FileItem,
    rule: ConflictRule,
    mustLook: boolean,
    taken: ReadonlySet<Name | undefined>,
  ): Promise<Place> {
    const { names, context } = this.#opts;
    if (taken.size > 0) return names.placeBlindly(item, rule, taken);
    if (!mustLook) return names.unseen(rule);
    return names.place(item, await names.look(item), rule, context.mayAsk);
  }

  /** `name`: what it is called on the other side, if not the same. */
  async #keepOwner({ below }: FileItem, name?: Name): Promise<void> {
    const lost = await keepOwner(this.#opts.walk(), below, name);
    if (lost !== undefined) this.#opts.onLost(below, lost);
  }

  #transfer(placing: Placing): TransferContext {
    const { order, context, walk, gate, limiter, onBytes, onDigest } = this.#opts;
    const { lanes, pool, writesBeside, resumed, bandwidth } = context;
    const pace = combine(limiter, bandwidth);
    return {
      lanes,
      pool,
      gate,
      pace,
      placing,
      signal: walk().signal,
      writesBeside,
      resumed,
      tag: orderTag(order),
      onDigest,
      onBytes,
    };
  }
}
