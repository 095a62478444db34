/** Speed over time as a block graph. Pure; UI thread. */

import prettyBytes from 'pretty-bytes';
import type { Rect } from '../../state/layout.ts';
import { queueTexts } from '../../state/queue-texts.ts';
import { framed } from './frame-rows.ts';
import { type Look, paint } from './style.ts';

/** The newest sample is at the right edge; the highest one fills the height. */
export function graphRowsOf(history: readonly number[], rect: Rect, look: Look): string[] {
  const width = rect.width - 2;
  const height = rect.height - 2;
  const samples = history.slice(-width);
  const highest = Math.max(1, ...samples);
  const { steps } = look.glyphs;
  const rows: string[] = [];
  for (let row = height - 1; row >= 0; row--) {
    let text = '';
    for (const sample of samples) {
      const level = (sample / highest) * height - row;
      const step = Math.ceil(Math.min(1, level) * steps.length);
      text += level <= 0 || step === 0 ? ' ' : (steps[step - 1] ?? ' ');
    }
    rows.push(paint(look.theme, 'bar', text.padStart(width)));
  }
  const now = `${prettyBytes(Math.round(history.at(-1) ?? 0))}/s`;
  return framed(look, false, rect, { topLeft: queueTexts.speed, bottomRight: now }, rows);
}
