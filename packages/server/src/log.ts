/**
 * The only writer to stderr: one line per event, for people or (JSON) for machines. Main thread; workers send their events
 * here, so that lines stay whole.
 */

import type { Shown } from '@ferry/protocol';
import { trusted } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { LogEvent, Who } from './log-event.ts';

export type Log = (event: LogEvent) => void;

export type LogOpts = {
  readonly json: boolean;
  /** Takes one line with its end. */
  readonly write: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

export function openLog({ json, write, now }: LogOpts): Log {
  return (event) => {
    const time = new Date(now());
    write(
      json
        ? `${JSON.stringify({ time: time.toISOString(), ...flat(event) })}\n`
        : `${clock(time)} ${text(event)}\n`,
    );
  };
}

/** Lines a second about strangers from one address, and from all: a flood of them must fill no disk, and hide nobody else's traces… */
const refusalsOfOne = 10;
const refusalsOfAll = 100;
/** …and about what one person does with files. The audit log has each of them. */
const deedsOfOne = 100;

const deeds: ReadonlySet<LogEvent['what']> = new Set([
  'sent',
  'received',
  'made',
  'removed',
  'trashed',
  'restored',
  'renamed',
  'copied',
  'moved',
  'unpacked',
]);

/** What no person's name begins with. */
const ofAddress = '\0';

/** Counts what is beyond that instead of telling each; the counts come with the next line of a later second. */
export function throttled(log: Log, now: () => number): Log {
  let secondMs = 0;
  let refusals = 0;
  let unheard = 0;
  /** Of this second, by address or person. */
  const told = new Map<string, { lines: number; untold: number }>();
  const isToldOf = (name: string, most: number): boolean => {
    const one = told.get(name) ?? { lines: 0, untold: 0 };
    told.set(name, one);
    if (one.lines < most) one.lines += 1;
    else one.untold += 1;
    return one.untold === 0;
  };
  const isTold = (event: LogEvent): boolean => {
    if ('who' in event) return !deeds.has(event.what) || isToldOf(event.who.user, deedsOfOne);
    if (event.what !== 'refused') return true;
    const source = `${ofAddress}${event.peer.replace(/:\d+$/, '')}`;
    if (refusals < refusalsOfAll || told.has(source)) {
      if (!isToldOf(source, refusalsOfOne)) return false;
      refusals += 1;
      if (refusals <= refusalsOfAll) return true;
    }
    unheard += 1;
    return false;
  };
  return (event) => {
    if (Math.abs(now() - secondMs) >= 1000) {
      for (const [name, { untold }] of told) if (untold > 0) tellRest(log, name, untold);
      if (unheard > 0) tellRest(log, `${ofAddress}everywhere`, unheard);
      secondMs = now();
      refusals = 0;
      unheard = 0;
      told.clear();
    }
    if (isTold(event)) log(event);
  };
}

/** @param name of a person, or behind `ofAddress` an address */
function tellRest(log: Log, name: string, untold: number): void {
  const what = name.startsWith(ofAddress)
    ? `${untold} more were refused from ${name.slice(ofAddress.length)}`
    : `${name} did ${untold} more things`;
  note(log, `${what}, too fast to tell each`);
}

/** To stderr; a reader of the log that has gone away stops nothing. */
export function openStderrLog(json: boolean): Log {
  process.stderr.on('error', () => {});
  return throttled(openLog({ json, write: (line) => process.stderr.write(line), now: Date.now }), Date.now);
}

/** Says something about the server itself in our own words. */
export function note(log: Log, words: string): void {
  log({ what: 'server', text: trusted(words) });
}

function flat(event: LogEvent): object {
  if (!('who' in event)) return event;
  const { what, who, ...rest } = event;
  return { what, ...who, ...rest };
}

/** What a line for people says of it. */
export function wordsOf(event: LogEvent): Shown {
  return trusted(text(event));
}

function text(event: LogEvent): string {
  switch (event.what) {
    case 'joined':
      return `${name(event.who)} logged in ${event.by}${event.readOnly ? ', read-only' : ''} (${event.client})`;
    case 'left':
      return `${name(event.who)} left after ${duration(event.ms)}${event.why === undefined ? '' : `: ${event.why}`}`;
    case 'refused':
      return `${event.peer} refused: ${event.why} [${event.code}]`;
    case 'sent':
    case 'received':
      return `${name(event.who)} ${event.what === 'sent' ? 'downloaded' : 'uploaded'} ${what(event)} (${moved(event)})`;
    case 'made':
    case 'removed':
    case 'trashed':
    case 'restored':
      return `${name(event.who)} ${event.what} ${event.path}${event.files === undefined ? '' : ` (${counted(event.files)})`}`;
    case 'copied':
    case 'moved':
    case 'unpacked':
      return `${name(event.who)} ${event.what} ${event.path} to ${event.to} (${counted(event.files)}, ${moved(event)})`;
    case 'shared':
      return `${name(event.who)} shared ${event.path}${event.files === 1 ? '' : ` and ${event.files - 1} more`} as ${event.as}`;
    case 'administered':
      return `${name(event.who)} ${event.text}`;
    case 'unshared':
      return `${name(event.who)} ended the share ${event.as}`;
    case 'renamed':
      return `${name(event.who)} renamed ${event.path} to ${event.to}`;
    case 'trouble':
      return `${name(event.who)} met trouble: ${event.why} [${event.code}]`;
    case 'server':
      return event.text;
  }
}

function name({ user, peer }: Who): string {
  return `${user}@${peer}`;
}

function what({ path, files }: { path: Shown; files?: number }): string {
  if (files === undefined) return path;
  return `${counted(files)} ${path === '/' ? 'at the top' : `of ${path}`}`;
}

function counted(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}

function moved({ bytes, ms }: { readonly bytes: number; readonly ms: number }): string {
  const rate = (bytes / Math.max(ms, 1)) * 1000;
  return `${prettyBytes(bytes)} in ${duration(ms)}, ${prettyBytes(Math.round(rate))}/s`;
}

function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Local time to the second. */
function clock(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
