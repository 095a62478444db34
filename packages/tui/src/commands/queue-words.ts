/** What people type about jobs: numbers, priorities, rates. Pure; commands. */

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

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes per second; undefined for `off`. @throws {FerryError} USAGE */
export function parseRate(text: string): number | undefined {
  if (text === 'off') return undefined;
  const found = /^(\d{1,12}(?:\.\d{1,6})?)([kmg]?)$/i.exec(text);
  const rate = Math.round(Number(found?.[1]) * (units[found?.[2]?.toLowerCase() ?? ''] ?? 0));
  if (!(rate > 0)) throw new FerryError(Code.USAGE, `${show(text)} is no rate: try 512k, 1.5M or off`);
  return rate;
}
