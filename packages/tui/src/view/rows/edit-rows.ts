/** The dialogs of editing, as lines: a file that is another by now, and how the two differ. Pure; UI thread. */

import { type Facts, type Shown, showName, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { DiffLine } from '../../engine/text-diff.ts';
import type { Dialog } from '../../state/dialog.ts';
import { type ChangedAnswer, changedAnswers, type Edit } from '../../state/edit.ts';
import { placeOf } from '../../state/update-edit.ts';
import { cutEnd, fit } from './cells.ts';
import { keepEnd, wrapped } from './frame-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { moment } from './when.ts';

const words: Readonly<Record<ChangedAnswer, readonly [key: string, label: string, does: string]>> = {
  overwrite: ['o', 'Overwrite', 'yours replaces the one there'],
  'save-as': ['s', 'Save as', 'yours gets another name, both stay'],
  difference: ['d', 'Difference', 'shows what you and the other changed'],
  keep: ['k', 'Later', 'yours stays here, nothing changes there'],
};

/** Lines of `width` cells at most; where there is no room for `height`, without what says the least. */
export function changedLines(
  own: Edit,
  { chosen }: Dialog & { readonly kind: 'changed' },
  width: number,
  height: number,
  look: Look,
): string[] {
  const { there, copy, path } = own;
  const row = (label: string, text: string): string =>
    `${fit(label, 11)}${keepEnd(text, width - 11, look.glyphs.ellipsis)}`;
  const isGone = there === undefined;
  const why = isGone
    ? 'While you edited it, somebody removed or moved it on the server. Nothing of yours is lost.'
    : 'While you edited it, somebody changed it on the server. Nothing of yours is lost.';
  const facts = [
    row('File', `server: /${showName(path.join('/'))}`),
    row('Begun on', factsWords(copy.version)),
    row('There now', isGone ? 'nothing' : factsWords(there)),
    row('Yours', placeOf(own)),
  ];
  const answers = changedAnswers.map((answer) => {
    const [key, label, does] = words[answer];
    const isChosen = answer === chosen;
    const said = isGone && answer === 'overwrite' ? 'yours is put there again' : does;
    const text = fit(`${isChosen ? '>' : ' '} ${key} ${fit(label, 12)}${said}`, width);
    return paint(look.theme, isChosen ? 'cursor' : 'plain', text);
  });
  const all = [...wrapped(why, width), '', ...facts, '', ...answers];
  return all.length <= height ? all : [...facts, ...answers];
}

function factsWords({ size, modified }: Facts): string {
  return `${prettyBytes(size)}, changed ${moment(timeToMs(modified))}`;
}

const signs: Readonly<Record<DiffLine['kind'], readonly [sign: string, style: StyleName]>> = {
  same: ['  ', 'plain'],
  removed: ['- ', 'error'],
  added: ['+ ', 'good'],
  gap: ['@ ', 'dim'],
};

export function differenceLines(lines: readonly DiffLine[], width: number, { theme }: Look): string[] {
  if (lines.length === 0) return ['The two are the same.'];
  return lines.map(({ kind, text }) => {
    const [sign, style] = signs[kind];
    const shown: Shown | string = kind === 'gap' ? text : showName(text);
    return paint(theme, style, fit(`${sign}${cutEnd(shown, width - 2)}`, width));
  });
}
