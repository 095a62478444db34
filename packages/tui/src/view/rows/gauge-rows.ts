/**
 * All jobs together: how far they are, how long it takes, how much it is. The bar between these is drawn by the gauge once it is
 * loaded and where there are colours, and by ourselves otherwise. Pure; UI thread.
 */

import prettyBytes from 'pretty-bytes';
import type { Totals } from '../../engine/job.ts';
import type { Rect } from '../../state/layout.ts';
import { queueTexts } from '../../state/queue-texts.ts';
import { panes } from '../../state/texts.ts';
import { cells, fit, padStart } from './cells.ts';
import { centred, framed } from './frame-rows.ts';
import { bar } from './job-rows.ts';
import { type Look, paint } from './style.ts';
import { duration } from './when.ts';

/** 0…1; undefined where there is nothing to move. */
export function shareOfAll({ doneBytes, totalBytes }: Totals): number | undefined {
  return totalBytes === 0 ? undefined : Math.min(1, doneBytes / totalBytes);
}

/** Where the bar is, inside of the frame. */
export function barRect({ left, top, width, height }: Rect): Rect {
  const inner = height - 2;
  const high = inner >= 5 ? 2 : 1;
  return { left: left + 2, top: top + 1 + Math.floor((inner - high) / 2), width: width - 4, height: high };
}

export function gaugeRows(totals: Totals, rect: Rect, look: Look, hasGauge: boolean): string[] {
  const width = rect.width - 2;
  const inner = rect.height - 2;
  const rows = Array.from({ length: inner }, () => ' '.repeat(width));
  const share = shareOfAll(totals);
  const at = barRect(rect);
  const first = at.top - rect.top - 1;
  const { theme } = look;
  if (share === undefined) {
    rows[first] = paint(theme, 'dim', centred(panes.nothingMoves, width));
  } else {
    if (!hasGauge) for (let i = 0; i < at.height; i++) rows[first + i] = ` ${bar(share, at.width, look)} `;
    const left = padStart(leftWords(totals, share, width - 7), width - 7);
    rows[first - 1] = ` ${fit(`${Math.floor(share * 100)} %`, 5)}${left} `;
    rows[first + at.height] = paint(theme, 'dim', ` ${fit(amount(totals, width - 1), width - 1)}`);
  }
  return framed(look, false, rect, { topLeft: queueTexts.allJobs }, rows);
}

function leftWords({ doneBytes, totalBytes, rate }: Totals, share: number, room: number): string {
  if (share === 1) return panes.allMoved;
  if (rate <= 0) return '';
  const time = duration((totalBytes - doneBytes) / rate);
  const long = panes.timeLeft(time);
  return cells(long) <= room ? long : time;
}

/** `13.6 of 69.1 GB` where the unit is the same. */
function amount({ doneBytes, totalBytes }: Totals, room: number): string {
  const [done = '', doneUnit] = prettyBytes(doneBytes).split(' ');
  const total = prettyBytes(totalBytes);
  const long = `${done}${total.endsWith(` ${doneUnit}`) ? '' : ` ${doneUnit}`} of ${total}`;
  return cells(long) <= room ? long : `of ${total}`;
}
