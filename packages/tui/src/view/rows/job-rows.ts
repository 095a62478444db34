/** The queue as rows of text: a bar per job, or how it ended. Pure; UI thread. */

import { codeName, show, showName } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import { isOver, type Job } from '../../engine/job.ts';
import type { Rect } from '../../state/layout.ts';
import type { Queue } from '../../state/queue.ts';
import { jobTexts, queueTexts } from '../../state/queue-texts.ts';
import { formatRate } from '../../transfer/timetable.ts';
import { cells, cutEnd, fit, fitName, padEnd, padStart } from './cells.ts';
import { framed } from './frame-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { duration } from './when.ts';

/** `nothing` is said where there is no job to show, `works` of what servers do with their own files. */
export function queueRowsOf(
  queue: Queue,
  rect: Rect,
  look: Look,
  focused: boolean,
  nothing: string,
  works = '',
): string[] {
  const width = rect.width - 2;
  const visible = queue.shown.slice(queue.top, queue.top + rect.height - 2);
  // Columns of their own, so that bars stand below one another.
  const settingsCells = Math.max(0, ...visible.map((job) => cells(settingsOfJob(job, look))));
  const filesCells = Math.max(0, ...visible.filter(hasBar).map((job) => cells(filesOf(job))));
  const rows = visible.map((job, i) =>
    jobRow(job, width, look, {
      atCursor: focused && queue.top + i === queue.cursor,
      marked: queue.marks.has(job.id),
      settingsCells,
      filesCells,
    }),
  );
  if (rows.length === 0) rows.push(paint(look.theme, 'dim', fit(` ${nothing}`, width)));
  const words = {
    topLeft: cutEnd(queueTitle(queue, look, rect.width - 6), rect.width - 6),
    bottomLeft: [works, queue.marks.size > 0 ? queueTexts.marked(queue.marks.size) : '']
      .filter((word) => word !== '')
      .join(` ${look.glyphs.dot} `),
    bottomRight: settingsOf(queue, look),
  };
  return framed(look, focused, rect, words, rows);
}

/** What is shown where it is not all, and how many jobs there are of each phase, or of each view where that is too long. */
export function queueTitle(
  { view, counts, pausedAll, asking }: Queue,
  { glyphs }: Look,
  width: number,
): string {
  const { moving, waiting, paused, failed, done } = counts;
  const active = moving + waiting + paused;
  const title = (numbers: Readonly<Record<string, number>>): string =>
    [
      view === 'all' ? queueTexts.title : queueTexts.view(view),
      ...(pausedAll ? [queueTexts.allPaused(active)] : []),
      ...(asking.length > 0 ? [queueTexts.asking(asking.length)] : []),
      ...Object.entries(numbers)
        .filter(([, number]) => number > 0)
        .map(([name, number]) => `${number} ${name}`),
    ].join(` ${glyphs.dot} `);
  if (pausedAll) return title({ failed, done });
  const long = title({ moving, waiting, paused, failed, done });
  return cells(long) <= width ? long : title({ active, failed, done });
}

function settingsOf({ limits, moves }: Queue, { glyphs }: Look): string {
  const parts = [
    ...(limits.up === undefined ? [] : [`${glyphs.up} ${limitWords(limits.up, glyphs)}`]),
    ...(limits.down === undefined ? [] : [`${glyphs.down} ${limitWords(limits.down, glyphs)}`]),
    ...(limits.timetable === '' ? [] : [queueTexts.timetable]),
    ...(moves === 'here' ? [] : [queueTexts.movedElsewhere]),
  ];
  return parts.join(` ${glyphs.dot} `);
}

/** As the user typed it, in 1024s: `≤ 10M/s`. */
export function limitWords(limit: number, { most }: Look['glyphs']): string {
  return `${most}${formatRate(limit)}/s`;
}

/** `■■■■──` of `width` cells. */
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

function signOf({ phase, question }: Job, { glyphs }: Look): string {
  if (question !== undefined) return '?';
  if (phase === 'done') return glyphs.done;
  if (phase === 'failed') return glyphs.failed;
  return phase === 'paused' ? '=' : ' ';
}

/** The bar gets shorter before the name does, and goes when it would be shorter than that. */
const nameBesideBar = 12;
const shortestBar = 6;
/** Something of a name is always seen. */
const shortestName = 4;

type RowLook = {
  readonly atCursor: boolean;
  readonly marked: boolean;
  readonly settingsCells: number;
  readonly filesCells: number;
};

function jobRow(job: Job, width: number, look: Look, row: RowLook): string {
  const { glyphs, theme } = look;
  const way = job.origin === undefined ? job.direction : 'between';
  const arrow = { download: glyphs.down, upload: glyphs.up, between: glyphs.across }[way];
  const sign = signOf(job, look);
  const lead = `${fit(`${sign}${arrow}`, cells(glyphs.done) + 1)}${row.marked ? glyphs.mark : ' '}`;
  const style = row.atCursor
    ? row.marked
      ? 'markedCursor'
      : 'cursor'
    : row.marked
      ? 'marked'
      : styleOf(job);
  const words = wordsOf(job);
  const title = showName(job.source.at(-1) ?? '');
  if (words !== undefined) {
    const name = fitName(title, Math.max(4, Math.min(24, Math.floor(width / 3))), glyphs.ellipsis);
    return paint(theme, style, fit(`${lead}${name} ${words}`, width));
  }
  const settings = padEnd(settingsOfJob(job, look), hasBar(job) ? row.settingsCells : 0);
  const mostRight = width - cells(lead) - shortestName - 1;
  const plainRight = rightOf(job, look, row.filesCells);
  const right = cutEnd(
    cells(settings) + cells(plainRight) <= mostRight ? `${settings}${plainRight}` : plainRight,
    mostRight,
  );
  const room = width - cells(lead) - cells(right) - 1;
  const wanted = Math.min(48, Math.floor(width / 4), room - 1 - nameBesideBar);
  const barWidth = hasBar(job) && wanted >= shortestBar ? wanted : 0;
  const nameWidth = room - (barWidth > 0 ? barWidth + 1 : 0);
  const name = fitName(title, nameWidth, glyphs.ellipsis);
  if (row.atCursor)
    return paint(theme, style, fit(`${lead}${name} ${plainBar(job, barWidth, look)}${right}`, width));
  return (
    paint(theme, style, `${lead}${name} `) +
    (barWidth > 0 ? `${bar(shareOf(job), barWidth, look)} ` : '') +
    paint(theme, 'dim', right)
  );
}

/** What the user set, where it is not as usual. */
function settingsOfJob({ phase, priority, limit }: Job, { glyphs }: Look): string {
  if (isOver(phase)) return '';
  const parts = [
    ...(priority === 3 ? [] : [`p${priority}`]),
    ...(limit === undefined ? [] : [limitWords(limit, glyphs)]),
  ];
  return parts.map((part) => `${part} `).join('');
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
  if (job.question !== undefined) return jobTexts.nameTaken;
  if (job.phase === 'cancelled') return jobTexts.cancelled;
  if (job.phase !== 'failed' || job.error === undefined) return undefined;
  const [code, message] = job.error;
  const hint = codeName(code) === 'EXISTS' ? jobTexts.overwrites : '';
  return `${jobTexts.failed(job.failedFiles)}${show(message)} [${codeName(code)}]${hint}`;
}

/** How many of its files are there, of a job that has several. */
function filesOf({ doneFiles, totalFiles }: Job): string {
  return totalFiles > 1 ? `${doneFiles}/${totalFiles} ` : '';
}

function rightOf(job: Job, { glyphs }: Look, filesCells: number): string {
  const percent = `${Math.floor(shareOf(job) * 100)} %`;
  const files = padStart(filesOf(job), filesCells);
  switch (job.phase) {
    case 'moving':
      return `${files}${padStart(percent, 5)} ${padStart(`${prettyBytes(Math.round(job.rate))}/s`, 10)} ${padStart(duration((job.totalBytes - job.doneBytes) / job.rate), 7)}`;
    case 'done': {
      const rate =
        job.movingMs > 0
          ? ` ${glyphs.dot} ${prettyBytes(Math.round((job.doneBytes * 1000) / job.movingMs))}/s`
          : '';
      const counted = job.totalFiles > 1 ? `${jobTexts.files(job.doneFiles)} ${glyphs.dot} ` : '';
      return `${counted}${prettyBytes(job.doneBytes)}${rate} ${padStart(took(job.movingMs), 7)}`;
    }
    case 'paused':
      return `${files}${padStart(percent, 5)} ${padStart(jobTexts.paused, 18)}`;
    default:
      return `${files}${padStart(jobTexts.waiting, 24)}`;
  }
}

/** Short times to a tenth of a second. */
function took(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000);
}

function styleOf({ phase, question }: Job): StyleName {
  if (question !== undefined) return 'notice';
  if (phase === 'failed') return 'error';
  if (phase === 'done') return 'good';
  return phase === 'moving' ? 'plain' : 'dim';
}
