/** The queue as rows of text: a bar per job, or how it ended. Pure; UI thread. */

import { codeName, show, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Job } from '../../engine/job.ts';
import type { Rect } from '../../state/layout.ts';
import type { Queue } from '../../state/state.ts';
import { cells, cutEnd, fit, fitName, padStart } from './cells.ts';
import { framed } from './frame-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { duration } from './when.ts';

export function queueRowsOf(queue: Queue, rect: Rect, look: Look, focused: boolean): string[] {
  const width = rect.width - 2;
  const rows = queue.jobs
    .slice(queue.top, queue.top + rect.height - 2)
    .map((job, i) => jobRow(job, width, look, focused && queue.top + i === queue.cursor));
  if (rows.length === 0)
    rows.push(paint(look.theme, 'dim', fit(' empty: mark files with Space and copy them with F5', width)));
  return framed(look, focused, rect, { topLeft: cutEnd(queueTitle(queue, look), rect.width - 6) }, rows);
}

export function queueTitle({ jobs }: Queue, { glyphs }: Look): string {
  const count = (phase: Job['phase']): number => jobs.filter((job) => job.phase === phase).length;
  const parts = (['moving', 'waiting', 'paused', 'failed', 'done'] as const)
    .map((phase) => ({ phase, number: count(phase) }))
    .filter(({ number }) => number > 0)
    .map(({ phase, number }) => `${number} ${phase}`);
  return ['Queue', ...parts].join(` ${glyphs.dot} `);
}

/** `████░░` of `width` cells. */
export function bar(share: number, width: number, { theme, glyphs }: Look): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return (
    paint(theme, 'bar', glyphs.full.repeat(full)) + paint(theme, 'barRest', glyphs.rest.repeat(width - full))
  );
}

export function shareOf(job: Job): number {
  if (job.phase === 'done') return 1;
  if (job.totalBytes === 0) return 0;
  return Math.min(1, job.doneBytes / job.totalBytes);
}

function jobRow(job: Job, width: number, look: Look, atCursor: boolean): string {
  const { glyphs, theme } = look;
  const arrow = job.direction === 'download' ? glyphs.down : glyphs.up;
  const sign =
    job.phase === 'done'
      ? glyphs.done
      : job.phase === 'failed'
        ? glyphs.failed
        : job.phase === 'paused'
          ? '='
          : ' ';
  const lead = fit(`${sign}${arrow} `, cells(glyphs.done) + 2);
  const right = rightOf(job, look);
  const barWidth = hasBar(job) && width >= 60 ? Math.min(30, Math.floor(width / 4)) : 0;
  const words = wordsOf(job);
  const nameWidth =
    words === undefined
      ? width - cells(lead) - cells(right) - (barWidth > 0 ? barWidth + 1 : 0) - 1
      : Math.min(24, Math.floor(width / 3));
  const name = fitName(showName(job.source.at(-1) ?? ''), Math.max(4, nameWidth), glyphs.ellipsis);
  if (words !== undefined) {
    const text = fit(`${lead}${name} ${words}`, width);
    return paint(theme, atCursor ? 'cursor' : styleOf(job), text);
  }
  if (atCursor)
    return paint(theme, 'cursor', fit(`${lead}${name} ${plainBar(job, barWidth, look)}${right}`, width));
  return (
    paint(theme, styleOf(job), `${lead}${name} `) +
    (barWidth > 0 ? `${bar(shareOf(job), barWidth, look)} ` : '') +
    paint(theme, 'dim', right)
  );
}

function plainBar(job: Job, width: number, { glyphs }: Look): string {
  if (width === 0) return '';
  const full = Math.round(shareOf(job) * width);
  return `${glyphs.full.repeat(full)}${glyphs.rest.repeat(width - full)} `;
}

function hasBar({ phase }: Job): boolean {
  return phase === 'moving' || phase === 'waiting' || phase === 'paused';
}

/** What went wrong stands where the numbers were. */
function wordsOf(job: Job): string | undefined {
  if (job.phase === 'cancelled') return 'cancelled';
  if (job.phase !== 'failed' || job.error === undefined) return undefined;
  const [code, message] = job.error;
  const more = job.failedFiles > 1 ? `${job.failedFiles} files failed; first: ` : '';
  const hint = codeName(code) === 'EXISTS' ? '; o overwrites' : '';
  return `${more}${show(message)} [${codeName(code)}]${hint}`;
}

function rightOf(job: Job, { glyphs }: Look): string {
  const percent = `${Math.floor(shareOf(job) * 100)} %`;
  const files = job.totalFiles > 1 ? `${job.doneFiles}/${job.totalFiles} ` : '';
  switch (job.phase) {
    case 'moving':
      return `${files}${padStart(percent, 5)} ${padStart(`${prettyBytes(Math.round(job.rate))}/s`, 10)} ${padStart(duration((job.totalBytes - job.doneBytes) / job.rate), 7)}`;
    case 'done': {
      const rate =
        job.movingMs > 0
          ? ` ${glyphs.dot} ${prettyBytes(Math.round((job.doneBytes * 1000) / job.movingMs))}/s`
          : '';
      const counted = job.totalFiles > 1 ? `${job.doneFiles} files ${glyphs.dot} ` : '';
      return `${counted}${prettyBytes(job.doneBytes)}${rate} ${padStart(took(job.movingMs), 7)}`;
    }
    case 'paused':
      return `${padStart(percent, 5)} ${padStart('paused', 18)}`;
    default:
      return padStart('waiting', 24);
  }
}

/** Short times to a tenth of a second. */
function took(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000);
}

function styleOf({ phase }: Job): StyleName {
  if (phase === 'failed') return 'error';
  if (phase === 'done') return 'good';
  return phase === 'moving' ? 'plain' : 'dim';
}
