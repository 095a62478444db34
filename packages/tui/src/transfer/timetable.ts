/**
 * Bandwidth limits that follow the week: `08:00 512k 12:00 10M 18:00 off`. Pure; time is a parameter. Used by the settings and
 * commands to read them and by the I/O thread to follow them.
 */

import { Code, FerryError } from '@ferry/protocol';

/** From this minute of the week (0: Sunday 00:00, local time) on; `rate` in bytes per second, undefined for no limit. */
export type TimetableEntry = { readonly minute: number; readonly rate: number | undefined };

/** Sorted by minute, never empty; the last entry holds on to the first one of the next week. */
export type Timetable = readonly [TimetableEntry, ...TimetableEntry[]];

/** Whose fault a text is: of a settings file or of a command line. */
type Blame = typeof Code.CONFIG | typeof Code.USAGE;

const dayMinutes = 24 * 60;
const weekMinutes = 7 * dayMinutes;
const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

type Token = { readonly text: string; readonly at: number };

/**
 * A timetable, or a single rate that always holds. Times are HH:MM of every day, or of one (`Mon-08:00`), which then goes before
 * every day's entry for the same minute. Spaces or commas separate.
 * @throws {FerryError} CONFIG, or the given code: what is wrong and at which character (from 1)
 */
export function parseTimetable(text: string, blame: Blame = Code.CONFIG): Timetable {
  const tokens: readonly Token[] = [...text.matchAll(/[^\s,]+/g)].map((found) => ({
    text: found[0],
    at: found.index + 1,
  }));
  const [first] = tokens;
  if (first === undefined) throw new FerryError(blame, 'a limit is missing: a rate, or times and rates');
  if (tokens.length === 1 && !first.text.includes(':')) return [{ minute: 0, rate: rateOf(first, blame) }];

  const everyDay = new Map<number, number | undefined>();
  const oneDay = new Map<number, number | undefined>();
  for (let i = 0; i < tokens.length; i += 2) {
    const time = tokens[i]!;
    const { day, minute } = timeOf(time, blame);
    const rate = tokens[i + 1];
    if (rate === undefined) throw new FerryError(blame, `a rate is missing after ${said(time)}`);
    const entries = day === undefined ? everyDay : oneDay;
    const key = (day ?? 0) * dayMinutes + minute;
    if (entries.has(key)) throw new FerryError(blame, `${said(time)} is there twice`);
    entries.set(key, rateOf(rate, blame));
  }

  const week = new Map<number, number | undefined>();
  for (const [minute, rate] of everyDay)
    for (let day = 0; day < 7; day++) week.set(day * dayMinutes + minute, rate);
  for (const [minute, rate] of oneDay) week.set(minute, rate);
  const [head, ...rest] = [...week]
    .map(([minute, rate]) => ({ minute, rate }))
    .toSorted((a, b) => a.minute - b.minute);
  return [head!, ...rest];
}

/**
 * Bytes per second; undefined for `off`. `512k`, `1.5M`, `2G` count in 1024s, a plain number in bytes.
 * @throws {FerryError} CONFIG, or the given code
 */
export function parseRate(text: string, blame: Blame = Code.CONFIG): number | undefined {
  return rateOf({ text, at: 1 }, blame);
}

/** What {@link parseRate} reads as exactly this: `512k`, `1.5M`, `off`. */
export function formatRate(rate: number | undefined): string {
  if (rate === undefined) return 'off';
  for (const unit of ['G', 'M', 'k']) {
    const factor = units[unit.toLowerCase()]!;
    const short = String(Math.round((rate / factor) * 10) / 10);
    if (rate >= factor && Math.round(Number(short) * factor) === rate) return short + unit;
  }
  return String(rate);
}

/** The limit at that moment, by the clock on the wall of this machine: bytes per second, undefined for none. */
export function rateAt(timetable: Timetable, localDate: Date): number | undefined {
  const now = minuteOf(localDate);
  return (timetable.findLast(({ minute }) => minute <= now) ?? timetable.at(-1)!).rate;
}

/**
 * Milliseconds (above 0) until `rateAt` gives something else; undefined when it never will. Right across the change to and
 * from summer time.
 */
export function nextChangeMs(timetable: Timetable, localDate: Date): number | undefined {
  const rate = rateAt(timetable, localDate);
  const others = timetable.filter((entry) => entry.rate !== rate);
  if (others.length === 0) return undefined;
  for (let at = localDate; ; ) {
    const now = minuteOf(at);
    const minutes = Math.min(...others.map(({ minute }) => (minute - now + weekMinutes) % weekMinutes));
    const intoMinute = at.getSeconds() * 1000 + at.getMilliseconds();
    const next = new Date(at.getTime() + minutes * 60_000 - intoMinute);
    const shift = clockShift(at, next);
    if (shift === undefined) return next.getTime() - localDate.getTime();
    if (rateAt(timetable, shift) !== rate) return shift.getTime() - localDate.getTime();
    at = shift;
  }
}

/** The first moment after `from`, up to `to`, when the clock on the wall has been put forward or back. */
function clockShift(from: Date, to: Date): Date | undefined {
  const offset = from.getTimezoneOffset();
  if (to.getTimezoneOffset() === offset) return undefined;
  let [before, after] = [from.getTime(), to.getTime()];
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (new Date(middle).getTimezoneOffset() === offset) before = middle;
    else after = middle;
  }
  return new Date(after);
}

function minuteOf(date: Date): number {
  return date.getDay() * dayMinutes + date.getHours() * 60 + date.getMinutes();
}

function timeOf(token: Token, blame: Blame): { readonly day: number | undefined; readonly minute: number } {
  const [, day, hours, minutes] = /^(?:([a-z]+)-)?(\d{1,2}):(\d{2})$/i.exec(token.text) ?? [];
  if (hours === undefined || Number(hours) > 23 || Number(minutes) > 59)
    throw new FerryError(blame, `${said(token)} is not a time such as 08:00 or Mon-08:00`);
  const minute = Number(hours) * 60 + Number(minutes);
  if (day === undefined) return { day, minute };
  const short = day.toLowerCase();
  const index = days.findIndex((name) => short === name || short === name.slice(0, 3));
  if (index < 0) throw new FerryError(blame, `${said(token)} does not begin with a day such as Mon`);
  return { day: index, minute };
}

function rateOf(token: Token, blame: Blame): number | undefined {
  if (token.text.toLowerCase() === 'off') return undefined;
  const [, number, unit] = /^(\d+(?:\.\d+)?)([kmg]?)$/i.exec(token.text) ?? [];
  if (number === undefined || unit === undefined)
    throw new FerryError(blame, `${said(token)} is not a rate such as 512k, 10M or off`);
  const rate = Math.round(Number(number) * units[unit.toLowerCase()]!);
  if (rate === 0) throw new FerryError(blame, `${said(token)} would let nothing through; "off" is no limit`);
  if (!Number.isSafeInteger(rate)) throw new FerryError(blame, `${said(token)} is too large for a rate`);
  return rate;
}

function said({ text, at }: Token): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}" at character ${at}`;
}
