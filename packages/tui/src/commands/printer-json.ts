/** One JSON object per event on stdout. Names are given as text, and as base64 of their bytes where they are not UTF-8. */

import { isUtf8 } from 'node:buffer';
import { bytesOf, codeName, type Path, type WireError } from '@ferry/protocol';
import { hostPort } from '@ferry/protocol/session';
import { isOver, type Job, type Loss } from '../engine/job.ts';
import type { Printer } from './printer.ts';

/** JSON escapes what a terminal would act on, except DEL and what Unicode hides. */
export function toJsonLine(value: object): string {
  const text = JSON.stringify(value).replaceAll(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, (char) =>
    [...Array(char.length).keys()]
      .map((i) => `\\u${char.charCodeAt(i).toString(16).padStart(4, '0')}`)
      .join(''),
  );
  return `${text}\n`;
}

export function jsonPath(path: Path): { path: string; bytes?: string } {
  const bytes = bytesOf(path.join('/'));
  const shown = { path: bytes.toString('utf8') };
  return isUtf8(bytes) ? shown : { ...shown, bytes: bytes.toString('base64') };
}

export function jsonJob(job: Job): object {
  const {
    id,
    server,
    origin,
    priority,
    limit,
    digest,
    direction,
    phase,
    doneBytes,
    totalBytes,
    doneFiles,
    totalFiles,
    skippedFiles,
    failedFiles,
    rate,
    movingMs,
  } = job;
  return {
    id,
    server,
    sourceServer: origin === undefined ? undefined : hostPort(origin),
    source: jsonPath(job.source),
    target: jsonPath(job.target),
    direction,
    phase,
    priority,
    limit,
    doneBytes,
    totalBytes,
    doneFiles,
    totalFiles,
    skippedFiles,
    failedFiles,
    digest,
    // Of what is over: all along.
    bytesPerSecond: Math.round(isOver(phase) && movingMs > 0 ? (doneBytes * 1000) / movingMs : rate),
    ms: Math.round(movingMs),
  };
}

export function jsonError(error: WireError | undefined): object | undefined {
  return error === undefined ? undefined : { code: codeName(error[0]), message: error[1] };
}

export function jsonLosses(losses: readonly Loss[]): readonly object[] {
  return losses.map(({ source, what }) => ({ path: jsonPath(source), what }));
}

export function jsonPrinter(write: (line: string) => void): Printer {
  return {
    progress: (jobs) => {
      for (const job of jobs)
        if (job.phase === 'moving') write(toJsonLine({ event: 'progress', ...jsonJob(job) }));
    },
    ended: (job) => {
      const failures = job.failures.map(({ source, error: [code, message] }) => ({
        source: jsonPath(source),
        code: codeName(code),
        message,
      }));
      const notKept = jsonLosses(job.losses ?? []);
      write(toJsonLine({ event: 'ended', ...jsonJob(job), error: jsonError(job.error), failures, notKept }));
    },
    connection: (words) => write(toJsonLine({ event: 'connection', message: words })),
    close: () => {},
  };
}
