/** Rates over time as blocks: out above, in below. Where a chart is drawn by something else, only its head. Pure; used by the screen. */

import { fit } from '@ferry/protocol/terminal/cells';
import { chartSamples, peakOf, unitFor } from './chart-data.ts';
import { rateText } from './figures.ts';
import type { Rect } from './layout.ts';
import { type Look, paint, type StyleName } from './look.ts';
import { panelHead } from './panel.ts';
import type { ScreenState } from './state.ts';

export function graphRows(
  state: ScreenState,
  { width, height }: Rect,
  look: Look,
  hasChart: boolean,
): readonly string[] {
  if (height === 0) return [];
  const { down, up } = state.history;
  if (hasChart) {
    const peak = peakOf(state, chartSamples(width));
    const [unit] = unitFor(peak);
    return [panelHead(look, 'Rates', `${unit}, highest ${rateText(peak)}`, width)];
  }
  const peak = peakOf(state, width - 4);
  const head = panelHead(look, 'Rates', `highest ${rateText(peak)}`, width);
  const room = height - 1;
  const upper = Math.ceil(room / 2);
  return [
    head,
    ...series(down, look.glyphs.down, 'down', width, upper, peak, look),
    ...series(up, look.glyphs.up, 'up', width, room - upper, peak, look),
  ];
}

/** The newest sample is at the right edge; both ways have one scale. */
function series(
  history: readonly number[],
  sign: string,
  style: StyleName,
  width: number,
  height: number,
  peak: number,
  look: Look,
): readonly string[] {
  const room = Math.max(0, width - 4);
  const samples = history.slice(-room);
  const { steps } = look.glyphs;
  return Array.from({ length: height }, (_, i) => {
    const row = height - 1 - i;
    let text = '';
    for (const sample of samples) {
      const level = peak === 0 ? 0 : (sample / peak) * height - row;
      const step = Math.ceil(Math.min(1, level) * steps.length);
      text += level <= 0 || step === 0 ? ' ' : (steps[step - 1] ?? ' ');
    }
    const mark = row === 0 ? ` ${sign} ` : '   ';
    return `${paint(look, style, mark)}${paint(look, style, fit(text.padStart(room), room))} `;
  });
}
