/** The dialogs of editing, as lines: a file that is another by now, and how the two differ. Pure; UI thread. */

import { type Facts, type Shown, showName, timeToMs } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { DiffLine } from '../../engine/text-diff.ts';
import { keyName } from '../../keymap/key-name.ts';
import { type Keymap, keyOf } from '../../keymap/resolve.ts';
import type { Dialog } from '../../state/dialog.ts';
import { changedAnswers, type Edit } from '../../state/edit.ts';
import { editTexts } from '../../state/file-texts.ts';
import { placeOf } from '../../state/update-edit.ts';
import { cells, cutEnd, fit } from './cells.ts';
import { keepEnd, wrapped } from './frame-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { moment } from './when.ts';

const { labels } = editTexts;

/** Lines of `width` cells at most; where there is no room for `height`, without what says the least. */
export function changedLines(
  own: Edit,
  { chosen }: Dialog & { readonly kind: 'changed' },
  width: number,
  height: number,
  look: Look,
  keymap: Keymap,
): string[] {
  const { there, copy, path } = own;
  const row = (label: string, text: string): string =>
    `${fit(label, 11)}${keepEnd(text, width - 11, look.glyphs.ellipsis)}`;
  const isGone = there === undefined;
  const why = isGone ? editTexts.isGone : editTexts.isChanged;
  const facts = [
    row(labels.file, `server: /${showName(path.join('/'))}`),
    row(labels.begun, factsWords(copy.version)),
    row(labels.there, isGone ? editTexts.nothingThere : factsWords(there)),
    row(labels.yours, placeOf(own)),
  ];
  const keys = changedAnswers.map((answer) => keyName(keyOf(keymap, 'changed', `choose-${answer}`)));
  const keyCells = Math.max(...keys.map(cells));
  const answers = changedAnswers.map((answer, i) => {
    const [label, does] = editTexts.answers[answer];
    const key = fit(keys[i] ?? '', keyCells);
    const isChosen = answer === chosen;
    const said = isGone && answer === 'overwrite' ? editTexts.putBack : does;
    const text = fit(`${isChosen ? '>' : ' '} ${key} ${fit(label, 12)}${said}`, width);
    return paint(look.theme, isChosen ? 'cursor' : 'plain', text);
  });
  const all = [...wrapped(why, width), '', ...facts, '', ...answers];
  return all.length <= height ? all : [...facts, ...answers];
}

function factsWords({ size, modified }: Facts): string {
  return editTexts.version(prettyBytes(size), moment(timeToMs(modified)));
}

const signs: Readonly<Record<DiffLine['kind'], readonly [sign: string, style: StyleName]>> = {
  same: ['  ', 'plain'],
  removed: ['- ', 'error'],
  added: ['+ ', 'good'],
  gap: ['@ ', 'dim'],
};

export function differenceLines(lines: readonly DiffLine[], width: number, { theme }: Look): string[] {
  if (lines.length === 0) return [editTexts.same];
  return lines.map(({ kind, text }) => {
    const [sign, style] = signs[kind];
    const shown: Shown | string = kind === 'gap' ? text : showName(text);
    return paint(theme, style, fit(`${sign}${cutEnd(shown, width - 2)}`, width));
  });
}
