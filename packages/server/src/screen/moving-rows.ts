/** What moves, with bars. Pure; used by the screen. */

import { show } from '@ferry/protocol';
import { fit, fitName, padStart } from '@ferry/protocol/terminal/cells';
import { bytesText, durationText, leftText, rateText } from './figures.ts';
import type { Rect } from './layout.ts';
import { type Look, paint, type StyleName } from './look.ts';
import { panelHead } from './panel.ts';
import type { MovingFile } from './sample.ts';
import type { ScreenState } from './state.ts';

/** Of what nothing moved for so long nobody is sure that anything will, milliseconds. */
const stalledMs = 5000;

export function movingRows(state: ScreenState, { width, height }: Rect, look: Look): readonly string[] {
  if (height === 0) return [];
  const all = (state.sample?.moving ?? []).toSorted((a, b) => b.rate - a.rate || b.ms - a.ms);
  const room = height - 1;
  const shown = all.slice(0, all.length > room ? Math.max(0, room - 1) : room);
  const rows = shown.map((file) => movingRow(file, width, look));
  if (all.length > shown.length) {
    rows.push(paint(look, 'dim', fit(`  and ${all.length - shown.length} more`, width)));
  }
  if (all.length === 0) rows.push(paint(look, 'dim', fit('  nothing moves', width)));
  return [panelHead(look, 'Moving', `${all.length}`, width), ...rows];
}

function movingRow(file: MovingFile, width: number, look: Look): string {
  const { verb, user, path, size, done, rate, quietMs, files } = file;
  const isDown = verb === 'download' || verb === 'archive';
  const sign = isDown ? look.glyphs.down : verb === 'upload' ? look.glyphs.up : look.glyphs.dot;
  const style: StyleName = isDown ? 'down' : verb === 'upload' ? 'up' : 'warn';
  const isFile = verb === 'download' || verb === 'upload';
  const who = Math.min(16, Math.max(6, Math.floor(width * 0.12)));
  const bar = Math.min(30, Math.max(8, Math.floor(width * 0.16)));
  const isStalled = quietMs > stalledMs && isFile;
  const share = size === undefined || size === 0 ? undefined : Math.min(1, done / size);
  const full = Math.round((share ?? 0) * bar);
  const drawn =
    share === undefined
      ? fit(bytesText(done), bar)
      : paint(look, isStalled ? 'warn' : style, look.glyphs.full.repeat(full)) +
        paint(look, 'rest', look.glyphs.rest.repeat(bar - full));
  const percent = share === undefined ? '     ' : `${padStart(`${Math.floor(share * 100)}`, 3)} %`;
  const left = (size ?? 0) > 0 && rate > 0 ? leftText(((size ?? 0) - done) / rate) : '';
  const end = isStalled
    ? paint(look, 'warn', padStart(`stalled ${durationText(quietMs)}`, 20))
    : `${padStart(rate > 0 ? rateText(rate) : '', 11)} ${padStart(left, 8)}`;
  const what = isFile ? '' : `${verb} `;
  const many = files === undefined ? '' : `${files} files of `;
  const names = width - 3 - who - 1 - bar - 1 - 5 - 1 - 20 - 1;
  const name = fitName(`${what}${many}${path}`, Math.max(1, names), look.glyphs.ellipsis);
  return `${paint(look, style, ` ${sign} `)}${fitName(show(user), who, look.glyphs.ellipsis)} ${name} ${drawn} ${percent} ${end} `;
}
