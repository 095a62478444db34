/**
 * For people: one line per job that ended and per file that failed, and on a terminal a bar for all that moves, redrawn in
 * place. Everything goes to stderr; stdout belongs to what a command was asked for.
 */

import { codeName, type Path, type Shown, show, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Job } from '../engine/job.ts';
import type { Printer } from './printer.ts';

export type TextPrinterOpts = {
  readonly write: (text: string) => void;
  /** Cells of the terminal; undefined where there is none, and nothing is drawn then. */
  readonly columns: () => number | undefined;
};

const barCells = 24;

export function shownPath(path: Path): Shown {
  return showName(path.join('/'));
}

function time(seconds: number): string {
  if (!Number.isFinite(seconds)) return '--:--';
  const whole = Math.ceil(seconds);
  const two = (value: number): string => String(value).padStart(2, '0');
  return whole < 3600
    ? `${Math.floor(whole / 60)}:${two(whole % 60)}`
    : `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

/** `██████░░░░  61 %  1.2 GB of 2 GB  412 MB/s  0:03` */
export function barLine(jobs: readonly Job[]): string {
  const sum = (of: (job: Job) => number): number => jobs.reduce((total, job) => total + of(job), 0);
  const done = sum(({ doneBytes }) => doneBytes);
  const total = sum(({ totalBytes }) => totalBytes);
  const rate = sum((job) => job.rate);
  const share = total === 0 ? 0 : Math.min(1, done / total);
  const full = Math.floor(share * barCells);
  const files = sum(({ totalFiles }) => totalFiles);
  const counted = files > 1 ? `  ${sum(({ doneFiles }) => doneFiles)} of ${files} files` : '';
  return (
    `${'█'.repeat(full)}${'░'.repeat(barCells - full)} ${String(Math.floor(share * 100)).padStart(3)} %` +
    `  ${prettyBytes(done)} of ${prettyBytes(total)}${counted}  ${prettyBytes(Math.round(rate))}/s  ${time((total - done) / rate)}`
  );
}

export function arrowOf({ direction, origin }: Job): string {
  if (direction === 'download') return '↓';
  return origin === undefined ? '↑' : '→';
}

/** How much a job that is over has moved, and in what time. */
export function movedWords({ doneBytes, movingMs }: Job): string {
  if (movingMs === 0) return prettyBytes(doneBytes);
  const rate = prettyBytes(Math.round((doneBytes * 1000) / movingMs));
  return `${prettyBytes(doneBytes)} in ${(movingMs / 1000).toFixed(1)} s, ${rate}/s`;
}

export function endLine(job: Job): string {
  const arrow = arrowOf(job);
  const name = shownPath(job.source.slice(-1));
  const files = job.totalFiles === 1 ? '' : `${job.doneFiles - job.skippedFiles} files, `;
  const skipped = job.skippedFiles > 0 ? `, ${job.skippedFiles} skipped` : '';
  const moved = `${files}${movedWords(job)}${skipped}`;
  if (job.phase === 'done') return `${arrow} ${name}  ${moved}`;
  if (job.phase === 'cancelled') return `${arrow} ${name}  cancelled`;
  return `${arrow} ${name}  failed${job.failedFiles > 1 ? ` for ${job.failedFiles} files` : ''}`;
}

export function textPrinter({ write, columns }: TextPrinterOpts): Printer {
  let drawn = false;
  const erase = (): void => {
    if (drawn) write('\r\x1b[K');
    drawn = false;
  };
  const line = (text: string): void => {
    erase();
    write(`${text}\n`);
  };
  return {
    progress: (jobs) => {
      const width = columns();
      const moving = jobs.filter(({ phase }) => phase !== 'cancelled');
      if (width === undefined || !moving.some(({ phase }) => phase === 'moving')) return;
      erase();
      write(barLine(moving).slice(0, width - 1));
      drawn = true;
    },
    ended: (job) => {
      line(endLine(job));
      for (const { source, error } of job.failures)
        line(`  ${shownPath(source)}: ${show(error[1])} [${codeName(error[0])}]`);
      for (const { source, what } of job.losses ?? [])
        line(`  not kept: ${shownPath(source)}: ${show(what)}`);
      const unlisted = (job.lostCount ?? 0) - (job.losses ?? []).length;
      if (unlisted > 0) line(`  not kept: … and ${unlisted} more`);
      const untold = job.failedFiles - job.failures.length;
      if (untold > 0) line(`  … and ${untold} more`);
      if (job.failures.length === 0 && job.error !== undefined)
        line(`  ${show(job.error[1])} [${codeName(job.error[0])}]`);
    },
    connection: (words) => line(words),
    close: erase,
  };
}
