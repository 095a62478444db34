/** The frame around the gauge, and a bar of our own until the gauge is loaded or where there are no colours. Pure; UI thread. */

import type { Rect } from '../../state/layout.ts';
import { centred, framed } from './frame-rows.ts';
import { bar } from './job-rows.ts';
import type { Look } from './style.ts';

export function gaugeRows(share: number, rect: Rect, look: Look, hasGauge: boolean): string[] {
  const width = rect.width - 2;
  const inner = rect.height - 2;
  const rows = Array.from({ length: inner }, () => ' '.repeat(width));
  if (!hasGauge) {
    const middle = Math.floor((inner - 1) / 2);
    rows[middle] = ` ${bar(share, width - 2, look)} `;
    if (middle + 1 < inner) rows[middle + 1] = centred(`${Math.floor(share * 100)} %`, width);
  }
  return framed(look, false, rect, { topLeft: 'All jobs' }, rows);
}
