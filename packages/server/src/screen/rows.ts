/** The whole screen as rows of text: each of exactly its width, coloured by SGR sequences alone. Pure; used by the screen. */

import { show } from '@ferry/protocol';
import { cells, cutEnd, fit, fitName, padStart } from '@ferry/protocol/terminal/cells';
import { bytesText, durationText, rateText } from './figures.ts';
import { graphRows } from './graph-rows.ts';
import { headRows, layoutOf, type Rect } from './layout.ts';
import { type Look, paint, type StyleName } from './look.ts';
import { movingRows } from './moving-rows.ts';
import { exact, panelHead } from './panel.ts';
import { peopleRows } from './people-rows.ts';
import type { Load } from './sample.ts';
import type { Asked, ScreenState } from './state.ts';

export type RowOpts = {
  readonly look: Look;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** The time of day, eight cells. */
  readonly clock: (ms: number) => string;
  /** Something else draws the graph. */
  readonly hasChart: boolean;
};

/** Of the log; what is longer is cut. */
const mostRowsOfLine = 4;

export function screenRows(state: ScreenState, opts: RowOpts): readonly string[] {
  const { columns, rows } = state.size;
  const { look } = opts;
  const layout = layoutOf(state.size);
  const blocks: readonly (readonly [Rect, readonly string[]])[] = [
    [layout.graph, graphRows(state, layout.graph, look, opts.hasChart)],
    [layout.threads, threadRows(state, layout.threads, look)],
    [layout.people, peopleRows(state, layout.people, look, opts.nowMs)],
    [layout.moving, movingRows(state, layout.moving, look)],
    [layout.log, logRows(state, layout.log, opts)],
  ];
  const body = Array.from({ length: Math.max(0, rows - headRows - 1) }, (_, i) => {
    const at = i + headRows;
    const across = blocks
      .filter(([{ top, height }]) => at >= top && at < top + height)
      .toSorted(([a], [b]) => a.left - b.left)
      .map(([{ top, width }, lines]) => exact(lines[at - top] ?? '', width));
    return across.join('');
  });
  const all = [...headOf(state, opts), ...body, footOf(state, look)];
  return all.slice(0, rows).map((row) => exact(row, columns));
}

function headOf(state: ScreenState, { look, nowMs }: RowOpts): readonly string[] {
  const { columns } = state.size;
  const { status, sample } = state;
  const { down, up, dot } = look.glyphs;
  if (status === undefined || sample === undefined) {
    const words = state.isLost ? ' no ferryd of this user is running; waiting for one' : ' ferryd';
    return [paint(look, 'title', fit(words, columns)), ' '.repeat(columns), ' '.repeat(columns)];
  }
  const which = state.servers > 1 ? ` ${dot} server ${state.which + 1} of ${state.servers}` : '';
  const all = status.servers.length;
  const others = status.bus?.others.length ?? 0;
  const where = all > 1 ? `all ${all} servers` : show(status.address);
  const among = all === 1 && others > 0 ? ` ${dot} one of ${others + 1} servers` : '';
  const name = ` ferryd ${dot} ${show(status.folder)} ${dot} ${where}${among}${which}`;
  const since = state.isLost
    ? 'it has gone '
    : `${status.isDraining ? `going down ${dot} ` : ''}up ${durationText(nowMs - status.sinceMs)} `;
  const { people, lanes, strangers } = sample;
  const counts = [
    `${people.length} ${people.length === 1 ? 'session' : 'sessions'}`,
    `${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`,
    ...(strangers > 0 ? [`${strangers} not logged in`] : []),
  ].join(', ');
  const now: readonly Piece[] = [
    ['down', ` ${down} ${rateText(sample.downRate)}`],
    ['up', `  ${up} ${rateText(sample.upRate)}`],
    [undefined, `  ${counts}`],
  ];
  const { disk } = status;
  const room: readonly Piece[] =
    disk === undefined
      ? status.folder.startsWith('s3://')
        ? []
        : [['error', 'the folder cannot be reached ']]
      : [
          [
            disk.free < disk.total * 0.05 ? 'error' : 'dim',
            `${bytesText(disk.free)} free of ${bytesText(disk.total)} `,
          ],
        ];
  return [
    paint(look, 'title', ends(name, since, columns)),
    pieces([...now, ...gap(now, room, columns), ...room], columns, look),
    pieces(doorPieces(state, look), columns, look),
  ];
}

/** Who was let in, who was not, what is held back, and what is wrong. */
function doorPieces({ status, sample }: ScreenState, look: Look): readonly Piece[] {
  if (status === undefined || sample === undefined) return [];
  const { tallies, barred, slowed, restarts, turnedAway, workers, wantedWorkers, audit, bus, servers } =
    status;
  const silent = servers.filter((server) => server.status === undefined).length;
  const sum = (counts: Readonly<Record<string, number>>): number =>
    Object.values(counts).reduce((total, count) => total + count, 0);
  const refused = sum(tallies.refusals) + turnedAway;
  const reasons = Object.entries(tallies.refusals)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([code, count]) => `${code} ${count}`)
    .join(', ');
  const dead = wantedWorkers - workers;
  const all: readonly Piece[] = [
    ...(audit?.isBroken === true ? [piece('error', 'the audit log cannot be written')] : []),
    ...(bus?.isWhole === false ? [piece('error', 'the other servers are not reached')] : []),
    ...one(silent, silent === 1 ? 'server silent' : 'servers silent', 'error'),
    ...one(dead, dead === 1 ? 'thread dead' : 'threads dead', 'error'),
    ...one(restarts, 'restarts', 'error'),
    ...one(tallies.troubles, 'troubles', 'error'),
    ['dim', `logins ${sum(tallies.logins)}`],
    [refused > 0 ? 'warn' : 'dim', `refused ${refused}${reasons === '' ? '' : ` (${reasons})`}`],
    ...one(barred.length, 'kept out', 'warn'),
    ...one(slowed.length, 'slowed', 'warn'),
    ...(sample.waitRate > 0 ? [piece('warn', `held back by limits ${Math.round(sample.waitRate)}/s`)] : []),
  ];
  return all.flatMap((each, i) => [piece('dim', i === 0 ? ' ' : ` ${look.glyphs.dot} `), each]);

  function one(count: number, name: string, style: StyleName): readonly Piece[] {
    return count > 0 ? [piece(style, `${name} ${count}`)] : [];
  }
}

function threadRows(state: ScreenState, { width, height }: Rect, look: Look): readonly string[] {
  if (height === 0) return [];
  const loads = state.sample?.loads ?? [];
  const room = height - 1;
  const isOfServers = (state.status?.servers.length ?? 1) > 1;
  const loadOf = ({ load = 1 }: Load): number => load;
  const sorted = loads.length <= room ? loads : loads.toSorted((a, b) => loadOf(b) - loadOf(a));
  const shown = sorted.slice(0, loads.length <= room ? room : room - 1);
  const longest = Math.max(...loads.map(({ name }) => cells(show(name))));
  const names = isOfServers ? Math.min(longest, Math.floor(width * 0.45)) : 3;
  const barWidth = Math.max(4, width - names - 17);
  const going = new Set(state.status?.servers.filter(({ isDraining }) => isDraining).map(({ name }) => name));
  const rows = shown.map(({ name, load, connections }) => {
    const head = isOfServers ? ` ${fitName(show(name), names, look.glyphs.ellipsis)}` : padStart(name, names);
    if (load === undefined) return `${head} ${paint(look, 'error', 'no answer')}`;
    if (isOfServers && going.has(name)) return `${head} ${paint(look, 'warn', 'going down')}`;
    const full = Math.round(load * barWidth);
    const style = load > 0.9 ? 'error' : load > 0.6 ? 'warn' : 'good';
    const bar = paint(look, style, look.glyphs.full.repeat(full));
    const rest = paint(look, 'rest', look.glyphs.rest.repeat(barWidth - full));
    const figures = `${padStart(`${Math.round(load * 100)}`, 4)} % ${padStart(`${connections}`, 7)}  `;
    return `${head} ${bar}${rest}${figures}`;
  });
  if (loads.length > shown.length) {
    const most = Math.round(loadOf(sorted[shown.length] ?? { name: '', connections: 0, load: 0 }) * 100);
    rows.push(paint(look, 'dim', fit(` and ${loads.length - shown.length} more, ${most} % at most`, width)));
  }
  return [panelHead(look, isOfServers ? 'Servers' : 'Threads', 'load', width), ...rows];
}

function logRows(state: ScreenState, { width, height }: Rect, { look, clock }: RowOpts): readonly string[] {
  if (height === 0) return [];
  const room = height - 1;
  const lines = state.log.slice(-room).flatMap(({ ms, text }) =>
    broken(text, width - 10).map((part, i) => {
      const time = i === 0 ? paint(look, 'dim', clock(ms)) : ' '.repeat(8);
      return ` ${time} ${fit(part, width - 10)}`;
    }),
  );
  const { told } = state;
  const whose = (told?.bus?.others.length ?? 0) > 0 ? show(told?.address ?? '') : '';
  return [panelHead(look, 'Log', whose, width), ...(room === 0 ? [] : lines.slice(-room))];
}

/** A line in as many rows as it takes: an invite is no good without its end. */
function broken(text: string, width: number): readonly string[] {
  const parts: string[] = [];
  for (let rest = text; parts.length < mostRowsOfLine; ) {
    const part = cutEnd(rest, Math.max(1, width));
    if (part === '') break;
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts.length === 0 ? [''] : parts;
}

function footOf(state: ScreenState, look: Look): string {
  const { columns } = state.size;
  const { asked, notice } = state;
  if (notice?.isError === true && asked !== undefined) {
    return paint(look, 'error', fit(` ${notice.text}`, columns));
  }
  if (asked !== undefined) return askedRow(asked, columns, look);
  if (notice !== undefined) {
    return paint(look, notice.isError ? 'error' : 'good', fit(` ${notice.text}`, columns));
  }
  const hasNext = state.servers > 1 || (state.told?.bus?.others.length ?? 0) > 0;
  const keys: readonly (readonly [string, string])[] = [
    ['m', 'message'],
    ['t', 'limit'],
    ['k', 'close'],
    ['T K', 'the account'],
    ['s', `by ${state.sort}`],
    ...(hasNext ? [['Tab', 'next server'] as const] : []),
    ['q', 'leave'],
  ];
  return pieces(
    keys.flatMap(([key, label]) => [piece('key', ` ${key} `), piece('keyLabel', ` ${label} `)]),
    columns,
    look,
  );
}

function askedRow(asked: Asked, columns: number, look: Look): string {
  const who = show(asked.of.user);
  const from = show(asked.of.source);
  switch (asked.what) {
    case 'kick': {
      const what = asked.whole
        ? `Close all connections of ${who}`
        : `Close the session of ${who} from ${from}`;
      return paint(look, 'warn', fit(` ${what}? y: yes ${look.glyphs.dot} any other key: no`, columns));
    }
    case 'tell':
      return typedRow(`Message to ${who}:`, asked.text, columns, look);
    case 'limit': {
      const whose = asked.whole ? `the account ${who}` : `this session of ${who}`;
      return typedRow(
        `Bytes a second for ${whose} (5M, 5M 1M for down and up, none):`,
        asked.text,
        columns,
        look,
      );
    }
  }
}

/** The end of a text that is too long for its place is what is being typed. */
function typedRow(label: string, text: string, columns: number, look: Look): string {
  const head = ` ${cutEnd(label, Math.max(0, columns - 12))} `;
  const room = Math.max(1, columns - cells(head) - 2);
  const characters = [...show(text)];
  while (characters.length > 0 && cells(characters.join('')) > room) characters.shift();
  const typed = characters.join('');
  const rest = ' '.repeat(Math.max(0, columns - cells(head) - cells(typed) - 1));
  return `${paint(look, 'panel', head)}${typed}${paint(look, 'chosen', ' ')}${rest}`;
}

type Piece = readonly [style: StyleName | undefined, text: string];

function piece(style: StyleName | undefined, text: string): Piece {
  return [style, text];
}

/** One row of exactly the width; what does not fit is left out at the end. */
function pieces(all: readonly Piece[], columns: number, look: Look): string {
  let used = 0;
  let row = '';
  for (const [style, text] of all) {
    const cut = cutEnd(text, columns - used);
    used += cells(cut);
    row += style === undefined ? cut : paint(look, style, cut);
  }
  return row + ' '.repeat(Math.max(0, columns - used));
}

function gap(left: readonly Piece[], right: readonly Piece[], columns: number): readonly Piece[] {
  const used = [...left, ...right].reduce((sum, [, text]) => sum + cells(text), 0);
  return [piece(undefined, ' '.repeat(Math.max(1, columns - used)))];
}

function ends(left: string, right: string, columns: number): string {
  const room = columns - cells(right) - 1;
  return room < 10 ? fit(left, columns) : `${fit(left, room)} ${right}`;
}
