/**
 * What to do when a target's name is taken: policies, the questions that are left, and what answers to them mean. Pure data and
 * functions; decided on the I/O thread, asked on the UI thread.
 */

import { isUtf8 } from 'node:buffer';
import {
  bytesOf,
  Code,
  EntryKind,
  FerryError,
  limits,
  type Name,
  type Path,
  type Time,
} from '@ferry/protocol';
import type { Direction, JobId } from '../engine/job.ts';

/**
 * Which target files are replaced, and what happens to the rest.
 * - `ask`, `fail`: none; somebody says what to do, or that file fails with EXISTS and the others go on.
 * - `overwrite`: all. `newer`, `size-differs`, `content-differs`: those; others are skipped.
 * - `resume`: smaller ones; equally large ones are skipped, a larger one was never a part of the source and fails.
 * - `keep-both`: none; the new one gets another name. `skip`: none.
 */
export type ConflictPolicy =
  | 'ask'
  | 'fail'
  | 'overwrite'
  | 'newer'
  | 'size-differs'
  | 'content-differs'
  | 'resume'
  | 'keep-both'
  | 'skip';

export type Side = { readonly kind: EntryKind; readonly size: number; readonly modified: Time };

/** Everything that a decision is made of. */
export type ConflictFacts = {
  readonly job: JobId;
  readonly direction: Direction;
  /** Of an upload whose source is on another server. */
  readonly isBetween?: boolean;
  readonly sourcePath: Path;
  readonly targetPath: Path;
  readonly source: Side;
  /** Undefined when nothing is in the way. */
  readonly target: Side | undefined;
  /** Whether both files hold the same bytes, where it was looked at. */
  readonly sameContent?: boolean | undefined;
};

export type DecideOpts = {
  /** An empty file may replace one that is not; counts for `overwrite` alone. */
  readonly allowEmpty?: boolean;
  /** Somebody is there: what the policy does not cover is asked rather than failed. `fail` never asks. */
  readonly mayAsk?: boolean;
};

/** Why a policy does not say what to do: a plain clash, file against folder, empty over data, larger than its source. */
export type QuestionWhy = 'exists' | 'kind' | 'empty' | 'larger';

/** Plain data for a dialog. */
export type Question = Omit<ConflictFacts, 'target'> & {
  readonly target: Side;
  readonly why: QuestionWhy;
  /** What may be answered, the most harmless last. Never empty; never `ask` or `fail`. */
  readonly answers: readonly ConflictPolicy[];
  /** When a job came upon it, milliseconds since 1970: what is asked again, as after a start anew, wants another answer. */
  readonly askedMs?: number;
};

export type SkipWhy = 'policy' | 'not-newer' | 'same-size' | 'same-content';

export type Decision =
  /** Nothing of its name is there, or both are folders: what is in them is decided one by one. */
  | { readonly do: 'write' }
  | { readonly do: 'replace' }
  | { readonly do: 'skip'; readonly why: SkipWhy }
  /** Write under {@link keepBothName}. */
  | { readonly do: 'rename' }
  /** Find out whether the content is the same, then decide again with `sameContent`. */
  | { readonly do: 'compare' }
  | { readonly do: 'ask'; readonly question: Question }
  | { readonly do: 'fail'; readonly error: FerryError };

/** `decide('content-differs', …)` is the only one that answers `compare`, and never when `sameContent` is given. */
export function decide(
  policy: ConflictPolicy,
  facts: ConflictFacts,
  { allowEmpty = false, mayAsk = false }: DecideOpts = {},
): Decision {
  const { source, target } = facts;
  if (target === undefined) return { do: 'write' };
  if (source.kind === EntryKind.folder && target.kind === EntryKind.folder) return { do: 'write' };
  if (policy === 'skip') return { do: 'skip', why: 'policy' };
  if (policy === 'keep-both') return { do: 'rename' };
  const stop = (why: QuestionWhy, sentence: string): Decision =>
    policy === 'ask' || (mayAsk && policy !== 'fail')
      ? { do: 'ask', question: { ...facts, target, why, answers: answersTo(why, source, target) } }
      : { do: 'fail', error: new FerryError(Code.EXISTS, sentence) };

  if (source.kind !== EntryKind.file || target.kind !== EntryKind.file)
    return stop('kind', `${kindName[target.kind]} of that name is there, and only a file replaces a file`);
  const decision = decideFiles(policy, source, target, facts.sameContent);
  if (decision === 'larger')
    return stop('larger', 'the file there is larger than this one, so it is no unfinished copy of it');
  const wouldReplace = decision === 'stop' || decision.do === 'replace';
  if (wouldReplace && source.size === 0 && target.size > 0 && !(policy === 'overwrite' && allowEmpty))
    return stop('empty', 'this file is empty and the one there is not; it was left as it is');
  return decision === 'stop' ? stop('exists', 'a file of that name is there') : decision;
}

/** Two files, by the policy alone; `stop` and `larger` when it has no answer. */
function decideFiles(
  policy: Exclude<ConflictPolicy, 'skip' | 'keep-both'>,
  source: Side,
  target: Side,
  sameContent: boolean | undefined,
): Decision | 'stop' | 'larger' {
  switch (policy) {
    case 'ask':
    case 'fail':
      return 'stop';
    case 'overwrite':
      return { do: 'replace' };
    case 'newer':
      return isNewer(source.modified, target.modified) ? { do: 'replace' } : { do: 'skip', why: 'not-newer' };
    case 'size-differs':
      return source.size === target.size ? { do: 'skip', why: 'same-size' } : { do: 'replace' };
    case 'content-differs':
      if (source.size !== target.size) return { do: 'replace' };
      if (sameContent ?? source.size === 0) return { do: 'skip', why: 'same-content' };
      return sameContent === undefined ? { do: 'compare' } : { do: 'replace' };
    case 'resume':
      if (source.size === target.size) return { do: 'skip', why: 'same-size' };
      // An empty source makes every target larger; that it is empty is the better thing to say.
      return target.size < source.size || source.size === 0 ? { do: 'replace' } : 'larger';
  }
}

function answersTo(why: QuestionWhy, source: Side, target: Side): readonly ConflictPolicy[] {
  if (why === 'kind') return ['keep-both', 'skip'];
  if (why === 'empty') return ['overwrite', 'keep-both', 'skip'];
  const resume: readonly ConflictPolicy[] = target.size <= source.size ? ['resume'] : [];
  return ['overwrite', 'newer', 'size-differs', 'content-differs', ...resume, 'keep-both', 'skip'];
}

const kindName: Readonly<Record<EntryKind, string>> = {
  [EntryKind.file]: 'a file',
  [EntryKind.folder]: 'a folder',
  [EntryKind.symlink]: 'a symbolic link',
  [EntryKind.other]: 'a device or pipe',
};

/**
 * Beyond what file systems round off: 1 µs, or 2 s when one of the two shows no fraction of a second, as on FAT. Neither of
 * two times within that is newer.
 */
export function isNewer(a: Time, b: Time): boolean {
  const toleranceNs = a.ns === 0 || b.ns === 0 ? 2e9 : 1e3;
  return (a.s - b.s) * 1e9 + (a.ns - b.ns) > toleranceNs;
}

export type AnswerScope = 'this' | 'job' | 'all-uploads' | 'all-downloads';

/** `policy`: one of the question's answers. */
export type Answer = { readonly policy: ConflictPolicy; readonly scope: AnswerScope };

/** A policy as it was chosen; give both to {@link decide}. */
export type ConflictRule = { readonly policy: ConflictPolicy; readonly allowEmpty?: boolean };

export function sameRule(a: ConflictRule, b: ConflictRule): boolean {
  return a.policy === b.policy && (a.allowEmpty ?? false) === (b.allowEmpty ?? false);
}

/** What an answer means for the one that was asked about: overwriting what was said to be empty is meant. */
export function ruleOf(question: Question, { policy }: Answer): ConflictRule {
  return policy === 'overwrite' && question.why === 'empty' ? { policy, allowEmpty: true } : { policy };
}

const doubleExtension = /\.tar\.(?:gz|zst|xz|bz2)$/i;
/** Longer ones, and those with a space, are rather a part of the name: `Mr. Smith`. */
const extension = /\.[^. ]{1,16}$/;

/** How many names are tried: a folder holds no more copies than that of one file. */
const mostCopies = 100_000;

/**
 * The first of `photo (2).jpg`, `photo (3).jpg`, … that is not taken. A name that begins with a dot has no extension. Never longer
 * than a name may be: the part before the number is shortened, between two characters where the name is UTF-8.
 * @throws {FerryError} EXISTS when none is free
 */
export function keepBothName(name: Name, taken: (name: Name) => boolean): Name {
  const found = name.startsWith('.') ? null : (doubleExtension.exec(name) ?? extension.exec(name));
  const end = found?.[0] ?? '';
  const stem = name.slice(0, name.length - end.length);
  for (let copy = 2; copy <= mostCopies; copy++) {
    const tail = ` (${copy})${end}`;
    const candidate = (shortened(stem, limits.nameBytes - tail.length) + tail) as Name;
    if (!taken(candidate)) return candidate;
  }
  throw new FerryError(Code.EXISTS, 'there are too many copies of that name');
}

/** At most so many bytes of a byte string. */
function shortened(stem: string, bytes: number): string {
  if (stem.length <= bytes) return stem;
  let end = bytes;
  if (isUtf8(bytesOf(stem))) while ((stem.charCodeAt(end) & 0xc0) === 0x80) end -= 1;
  return stem.slice(0, end);
}
