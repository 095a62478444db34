/**
 * The question about a name that is taken, as rows: both files next to each other, what each answer would do to this one,
 * and what it is for. Pure; UI thread.
 */

import { EntryKind, showName, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { keyName } from '../../keymap/key-name.ts';
import { type Keymap, keyOf } from '../../keymap/resolve.ts';
import { type Dialog, scopesOf } from '../../state/dialog.ts';
import { conflictTexts, jobTexts } from '../../state/queue-texts.ts';
import {
  type AnswerScope,
  type ConflictPolicy,
  decide,
  isNewer,
  type Question,
  ruleOf,
  type Side,
} from '../../transfer/conflict.ts';
import { cells, fit } from './cells.ts';
import { framed, keepEnd } from './frame-rows.ts';
import { type Look, paint } from './style.ts';
import { moment } from './when.ts';

type Conflict = Dialog & { readonly kind: 'conflict' };

const { labels, scopes } = conflictTexts;

const labelCells = 10;
/** A date, its time of day and the word behind them; with less, a date alone. */
const cellsForMoments = 26;

/** @param more how many other jobs ask, too. @returns rows of `width` cells, at most `height` of them */
export function conflictRowsOf(
  dialog: Conflict,
  width: number,
  height: number,
  more: number,
  look: Look,
  keymap: Keymap,
): string[] {
  const { question, chosen, scope } = dialog;
  const inner = width - 4;
  const head = [...placeRows(question, inner, look), '', ...sideRows(question, inner, look), ''];
  const tail = ['', scopeRow(question, scope, inner, look)];
  const keys = question.answers.map((policy) => keyFor(policy, keymap));
  const keyCells = Math.max(...keys.map(cells));
  const answers = question.answers.map((policy, i) =>
    answerRow(question, policy, i === chosen, fit(keys[i] ?? '', keyCells), inner, look),
  );
  const isShort = head.length + answers.length + tail.length + 4 > height;
  const tight = (lines: readonly string[]): readonly string[] =>
    isShort ? lines.filter((line) => line !== '') : ['', ...lines];
  const room = Math.max(1, height - 2 - (isShort ? tight(head).length + tight(tail).length : 0));
  const from = Math.min(Math.max(0, (chosen ?? answers.length - 1) - room + 1), answers.length);
  const end = isShort ? [] : [''];
  const lines = [...tight(head), ...answers.slice(from, from + room), ...tail.slice(isShort ? 1 : 0), ...end];
  return framed(
    look,
    true,
    { width, height: lines.length + 2 },
    {
      topLeft: titleOf(question),
      bottomRight: more > 0 ? conflictTexts.moreAsk(more) : '',
    },
    lines.map((line) => ` ${line === '' ? ' '.repeat(inner) : line} `),
  );
}

function titleOf({ why, target }: Question): string {
  switch (why) {
    case 'exists':
      return conflictTexts.exists;
    case 'kind':
      return conflictTexts.otherKind(target.kind === EntryKind.folder);
    case 'empty':
      return conflictTexts.empty;
    case 'larger':
      return conflictTexts.larger;
  }
}

function placeRows(
  { direction, isBetween, sourcePath, targetPath }: Question,
  width: number,
  { glyphs }: Look,
): string[] {
  const room = width - labelCells;
  const server = (path: Question['sourcePath']): string => jobTexts.server(showName(path.join('/')));
  const here = (path: Question['sourcePath']): string => jobTexts.here(showName(path.join('/')));
  const other = (path: Question['sourcePath']): string => jobTexts.otherServer(showName(path.join('/')));
  const [from, to] =
    direction === 'download'
      ? [server(sourcePath), here(targetPath)]
      : [isBetween === true ? other(sourcePath) : here(sourcePath), server(targetPath)];
  const row = (label: string, text: string): string =>
    `${fit(label, labelCells)}${keepEnd(text, room, glyphs.ellipsis)}`;
  return [fit(row(labels.from, from), width), fit(row(labels.to, to), width)];
}

function sideRows({ source, target, sameContent }: Question, width: number, { theme }: Look): string[] {
  const half = Math.floor((width - labelCells) / 2);
  const isNarrow = half < cellsForMoments;
  const row = (label: string, [left, right]: readonly [string, string]): string =>
    fit(`${fit(label, labelCells)}${fit(left, half)}${right}`, width);
  /** The word stands by the first where `order` is positive, by the other where it is negative. */
  const compared = (
    label: string,
    [left, right]: readonly [string, string],
    order: number,
    word: string,
  ): string => {
    if (isNarrow) return row(label, [left, right]);
    const words =
      order === 0 ? [conflictTexts.same, conflictTexts.same] : order > 0 ? [word, ''] : ['', word];
    return row(label, [`${left}  ${words[0]}`, `${right}  ${words[1]}`]);
  };
  const isFiles = source.kind === EntryKind.file && target.kind === EntryKind.file;
  const newer =
    Number(isNewer(source.modified, target.modified)) - Number(isNewer(target.modified, source.modified));
  return [
    paint(theme, 'heading', row('', isNarrow ? conflictTexts.narrowSides : conflictTexts.sides)),
    isFiles
      ? compared(labels.size, sizesOf(source, target), source.size - target.size, conflictTexts.isLarger)
      : row(labels.kind, [kindOf(source), kindOf(target)]),
    compared(
      labels.modified,
      [timeOf(source, isNarrow), timeOf(target, isNarrow)],
      newer,
      conflictTexts.isNewer,
    ),
    ...(sameContent === undefined
      ? []
      : [row(labels.content, [sameContent ? conflictTexts.sameContent : conflictTexts.otherContent, ''])]),
  ];
}

/** To the byte where they would look alike. */
function sizesOf(a: Side, b: Side): readonly [string, string] {
  const [left, right] = [prettyBytes(a.size), prettyBytes(b.size)];
  return left === right && a.size !== b.size ? [`${a.size} B`, `${b.size} B`] : [left, right];
}

function timeOf({ modified }: Side, isNarrow: boolean): string {
  const text = moment(timeToMs(modified));
  return isNarrow ? (text.split(' ')[0] ?? text) : text;
}

function kindOf({ kind }: Side): string {
  const { file, folder, other } = conflictTexts.kinds;
  return kind === EntryKind.file ? file : kind === EntryKind.folder ? folder : other;
}

/** The key that chooses it now. */
function keyFor(policy: ConflictPolicy, keymap: Keymap): string {
  return policy === 'ask' || policy === 'fail' ? '' : keyName(keyOf(keymap, 'conflict', `choose-${policy}`));
}

function answerRow(
  question: Question,
  policy: ConflictPolicy,
  isChosen: boolean,
  key: string,
  width: number,
  { theme }: Look,
): string {
  const label = policy === 'ask' || policy === 'fail' ? policy : conflictTexts.answers[policy];
  const text = fit(`${isChosen ? '>' : ' '} ${key} ${fit(label, 16)} ${effectOf(question, policy)}`, width);
  return isChosen ? paint(theme, 'cursor', text) : text;
}

/** What it would do to this very file, decided as it will be. */
function effectOf(question: Question, policy: ConflictPolicy): string {
  const { allowEmpty = false } = ruleOf(question, { policy, scope: 'this' });
  const decision = decide(policy, question, { allowEmpty, mayAsk: true });
  switch (decision.do) {
    case 'write':
    case 'replace':
      return policy === 'resume' ? conflictTexts.resumes : conflictTexts.replaces;
    case 'rename':
      return conflictTexts.renames;
    case 'compare':
      return conflictTexts.compares;
    case 'skip':
      return conflictTexts.skips(decision.why);
    case 'ask':
    case 'fail':
      return conflictTexts.asks;
  }
}

/** All of them side by side, or the chosen one alone where they have no room. */
function scopeRow(question: Question, scope: AnswerScope, width: number, { theme }: Look): string {
  const all = scopesOf(question);
  const room = width - labelCells;
  const shown = all.reduce((sum, one) => sum + cells(scopes[one]) + 3, 0) <= room ? all : [scope];
  const row = shown.map((one) => (one === scope ? `[${scopes[one]}]` : ` ${scopes[one]} `));
  const rest = ' '.repeat(Math.max(0, room - cells(row.join(' '))));
  const painted = row.map((text, i) => (shown[i] === scope ? paint(theme, 'cursor', text) : text));
  return `${fit(labels.scope, labelCells)}${painted.join(' ')}${rest}`;
}
