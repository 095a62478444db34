/** What people type about jobs: numbers and priorities. Pure; commands. */

import { Code, FerryError, show } from '@ferry/protocol';
import { isPriority, type JobId, type Priority } from '../engine/job.ts';

/** @throws {FerryError} USAGE */
export function parseIds(texts: readonly string[]): readonly JobId[] {
  return texts.map((text) => {
    if (!/^[1-9]\d{0,14}$/.test(text))
      throw new FerryError(Code.USAGE, `${show(text)} is not the number of a job: ferry queue lists them`);
    return Number(text);
  });
}

/** @throws {FerryError} USAGE */
export function parsePriority(text: string): Priority {
  const value = /^\d$/.test(text) ? Number(text) : 0;
  if (!isPriority(value)) throw new FerryError(Code.USAGE, 'a priority is a number from 1 to 5');
  return value;
}
