/** The connect screen as rows of text: the line, the servers, and what is asked about an identity. Pure; UI thread. */

import { type Shown, show } from '@ferry/protocol';
import { mostMistakes, shownGroups, trustWords } from '../../engine/first-contact.ts';
import type { Reach } from '../../engine/reach.ts';
import { connectFooter, connectKeys } from '../../keymap/connect-keys.ts';
import { keyName } from '../../keymap/key-name.ts';
import { type ConnectDialog, type ConnectState, matchingRows, type ServerRow } from '../../state/connect.ts';
import {
  connectTexts,
  contactTexts,
  passwordTexts,
  removeTexts,
  saveTexts,
  stopTexts,
} from '../../state/connect-texts.ts';
import type { Rect } from '../../state/layout.ts';
import { cells, cutEnd, fit, fitName, padStart } from './cells.ts';
import { framed, wrapped } from './frame-rows.ts';
import { lineRow } from './line-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { when, whenCells } from './when.ts';

/** A whole screen, `rows` of them. */
export function connectRowsOf(state: ConnectState, nowMs: number, look: Look): string[] {
  const { columns, rows } = state.size;
  const title = paint(look.theme, 'title', fit(` ${connectTexts.title}`, columns));
  return [
    title,
    ...lineRows(state, columns, look),
    ...listRows(state, columns, rows - 5, nowMs, look),
    footer(state, columns, look),
  ];
}

function lineRows(state: ConnectState, columns: number, look: Look): string[] {
  const width = columns - 4;
  const isEmpty = state.line.text === '';
  const text = isEmpty
    ? `${paint(look.theme, 'cursor', ' ')}${paint(look.theme, 'fieldHint', fit(connectTexts.lineHint, width - 1))}`
    : lineRow(state.line, width, look);
  const words = { topLeft: state.connecting === undefined ? connectTexts.line : connectTexts.connecting };
  return framed(look, state.dialog === undefined, { width: columns, height: 3 }, words, [` ${text} `]);
}

const reachCells = 20;
const narrowReachCells = 10;
const fromWords: Readonly<Record<ServerRow['from'], string>> = connectTexts.from;

function listRows(state: ConnectState, columns: number, height: number, nowMs: number, look: Look): string[] {
  const width = columns - 2;
  const rows = matchingRows(state);
  // Headings go first where there is little room.
  const heading = rows.length > 0 && height >= 10 ? [headingRow(width, look)] : [];
  const shown = Math.max(1, height - 2 - heading.length);
  const top = Math.max(0, Math.min(state.cursor - Math.floor(shown / 2), rows.length - shown));
  const lines = rows.slice(top, top + shown).map((row, i) => {
    // What is typed is taken before any row.
    const isCursor = top + i === state.cursor && !state.line.text.startsWith('ferry:');
    return serverRow(row, width, isCursor, nowMs, look);
  });
  if (rows.length === 0) lines.push(...nothingListed(state.rows.length === 0, width, height - 2, look));
  const more =
    rows.length > shown ? connectTexts.rowsOf(top + 1, Math.min(rows.length, top + shown), rows.length) : '';
  return framed(
    look,
    false,
    { width: columns, height },
    { topLeft: connectTexts.servers, bottomRight: more },
    [...heading, ...lines],
  );
}

/** What to do where there is no server to choose; without gaps where there is little room. */
function nothingListed(isFirst: boolean, width: number, height: number, { theme }: Look): string[] {
  const said = isFirst ? connectTexts.welcome : [connectTexts.noneLike];
  const lines = said.flatMap((line) =>
    line.startsWith(' ')
      ? [paint(theme, 'folder', fit(` ${line}`, width))]
      : (line === '' ? [''] : wrapped(line, width - 2)).map((row) =>
          paint(theme, 'plain', fit(` ${row}`, width)),
        ),
  );
  const gapless = lines.filter((line) => line.trim() !== '');
  return lines.length < height ? [' '.repeat(width), ...lines] : gapless;
}

function headingRow(width: number, { theme }: Look): string {
  const { room, nameRoom, isWide } = columnsOf(width);
  const { name, address, visited, now } = connectTexts.headings;
  const right = `${isWide ? padStart(visited, whenCells) : ''}  ${fit(now, isWide ? reachCells : narrowReachCells)}`;
  return paint(
    theme,
    'heading',
    fit(` ${fit(name, nameRoom)} ${fit(address, room - nameRoom - 1)}${right} `, width),
  );
}

/** What name, address and the rest have of a row. */
function columnsOf(width: number): { room: number; nameRoom: number; isWide: boolean } {
  const isWide = width >= 70;
  const room = width - (isWide ? whenCells + reachCells : narrowReachCells) - 4;
  return { room, nameRoom: Math.min(18, Math.floor(room / 3)), isWide };
}

function serverRow(row: ServerRow, width: number, isCursor: boolean, nowMs: number, look: Look): string {
  const { theme, glyphs } = look;
  const seen = row.lastMs === undefined ? '' : when({ s: Math.floor(row.lastMs / 1000), ns: 0 }, nowMs);
  const [reach, style] = reachWords(row.reach);
  const { room, nameRoom, isWide } = columnsOf(width);
  const right = `${isWide ? padStart(seen, whenCells) : ''}  ${fit(reach, isWide ? reachCells : narrowReachCells)}`;
  const name = fitName(show(row.name === '' ? fromWords[row.from] : row.name), nameRoom, glyphs.ellipsis);
  const from = row.from === 'ssh' && row.name !== '' ? ` ${fromWords.ssh}` : '';
  const address = fitName(
    `${show(row.address.replace(/^ferry:\/\//, ''))}${from}`,
    room - nameRoom - 1,
    glyphs.ellipsis,
  );
  const text = ` ${name} ${address}${right} `;
  if (isCursor) return paint(theme, 'cursor', fit(text, width));
  const plain = ` ${paint(theme, row.from === 'saved' ? 'folder' : 'dim', name)} ${address}`;
  const rest = `${right} `;
  return `${plain}${style === 'plain' ? rest : paint(theme, style, rest)}`;
}

function reachWords(reach: Reach): readonly [string, StyleName] {
  switch (reach.kind) {
    case 'unknown':
      return ['', 'plain'];
    case 'looking':
      return [connectTexts.reach.looking, 'dim'];
    case 'answers':
      return [connectTexts.reach.answers(Math.round(reach.ms)), 'good'];
    case 'new':
      return [connectTexts.reach.isNew, 'notice'];
    case 'changed':
      return [connectTexts.reach.changed, 'error'];
    case 'nobody':
      return [connectTexts.reach.nobody, 'dim'];
  }
}

function footer(state: ConnectState, width: number, { theme }: Look): string {
  const { notice } = state;
  if (notice !== undefined)
    return paint(theme, notice.isError ? 'error' : 'notice', fit(` ${notice.text}`, width));
  let row = '';
  let used = 0;
  for (const { keys, label } of connectFooter(state)) {
    const [key = ''] = keys;
    const more = cells(keyName(key)) + cells(label) + 3;
    if (used + more > width) continue;
    row += `${paint(theme, 'key', ` ${keyName(key)} `)}${paint(theme, 'keyLabel', label)} `;
    used += more;
  }
  return row + ' '.repeat(Math.max(0, width - used));
}

/** Where the dialog stands, and its rows. */
export function connectDialogRows(
  dialog: ConnectDialog,
  state: ConnectState,
  look: Look,
): { readonly rect: Rect; readonly rows: string[] } {
  const { columns, rows } = state.size;
  const width = Math.min(76, columns - 2);
  const inner = width - 4;
  const { title, lines, short = lines, isGrave = false } = contentOf(dialog, inner, look);
  const hasRoom = (some: readonly string[]): boolean => some.length + 2 <= rows - 1;
  const tight = lines.filter((line) => line !== '');
  const fits = hasRoom(lines) ? lines : hasRoom(tight) ? tight : short.filter((line) => line !== '');
  const height = Math.min(rows - 1, fits.length + 2);
  const framedRows = framed(
    isGrave ? { ...look, theme: { ...look.theme, focusFrame: look.theme.error } } : look,
    true,
    { width, height },
    { topLeft: title },
    fits.map((line) => ` ${line === '' ? ' '.repeat(inner) : line} `),
  );
  const rect = {
    left: Math.floor((columns - width) / 2),
    top: Math.max(0, Math.floor((rows - height) / 2)),
    width,
    height,
  };
  return { rect, rows: framedRows };
}

type Content = {
  readonly title: string;
  /** '' where there may be room or not. */
  readonly lines: readonly string[];
  /** What must be seen on any screen. */
  readonly short?: readonly string[];
  readonly isGrave?: boolean;
};

function contentOf(dialog: ConnectDialog, width: number, look: Look): Content {
  const { theme } = look;
  const text = (words: string, style: StyleName = 'plain'): string[] =>
    wrapped(words, width).map((line) => paint(theme, style, fit(line, width)));
  const keys = (...pairs: readonly (readonly [string, string])[]): string[] => {
    const lines: string[] = [];
    let line = '';
    let used = 0;
    for (const [key, label] of pairs) {
      const name = keyName(key);
      const more = cells(name) + cells(label) + 3;
      if (used > 0 && used + 3 + more > width) {
        lines.push(line + ' '.repeat(width - used));
        [line, used] = ['', 0];
      }
      const gap = used > 0 ? '   ' : '';
      line += `${gap}${paint(theme, 'key', ` ${name} `)} ${label}`;
      used += gap.length + more;
    }
    return [...lines, line + ' '.repeat(Math.max(0, width - used))];
  };
  switch (dialog.kind) {
    case 'save': {
      const said = dialog.error === undefined ? [] : text(dialog.error, 'error');
      const buttons = keys(
        ['enter', saveTexts.save],
        ['tab', saveTexts.next],
        ['escape', connectTexts.leaveIt],
      );
      const lines = ['', ...fieldRows(dialog, width, look), '', ...said, ...buttons, ''];
      return { title: saveTexts.title, lines };
    }
    case 'password': {
      const said = dialog.error === undefined ? [] : text(dialog.error, 'error');
      const buttons = keys(
        ['enter', passwordTexts.connect],
        ['tab', saveTexts.next],
        ['escape', connectTexts.leaveIt],
      );
      const fields = fieldRows(dialog, width, look);
      return {
        title: passwordTexts.title(dialog.where),
        lines: ['', ...text(passwordTexts.unknown), '', ...fields, '', ...said, ...buttons, ''],
        short: [...fields, ...said, ...buttons],
      };
    }
    case 'remove': {
      const { name, address } = dialog.row;
      const what = name === '' ? address : `${name}, ${address}`;
      const lines = [
        ...text(removeTexts.what(show(what))),
        '',
        ...keys(['f8', removeTexts.remove], ['escape', connectTexts.leaveIt]),
      ];
      return { title: removeTexts.title, lines: ['', ...lines, ''] };
    }
    case 'first-contact':
      return firstContact(dialog, width, text, keys, look);
    case 'stop': {
      const said = dialog.lines.map((line) => stopLine(line, text));
      const back = keys(['escape', connectTexts.back]);
      const end = text(stopTexts.nothingSent);
      return {
        title: stopTexts.title,
        lines: ['', ...said.flat(), '', ...end, '', ...back, ''],
        short: [...said.slice(1).flat(), ...back],
        isGrave: true,
      };
    }
    case 'help': {
      const room = width - helpKeyCells;
      const rows = connectKeys
        .filter(({ help }) => help !== '')
        .map(({ keys: names, label, help }) => {
          const shown = fit(names.map(keyName).join(` ${look.glyphs.dot} `), helpKeyCells);
          const said = fit(cells(help) <= room ? help : label, room);
          return `${paint(theme, 'folder', shown)}${paint(theme, 'plain', said)}`;
        });
      const lines = [
        '',
        ...rows,
        '',
        ...text(connectTexts.typing, 'dim'),
        '',
        ...keys(['escape', connectTexts.back]),
        '',
      ];
      return { title: connectTexts.keys, lines };
    }
  }
}

/** Lines to type in, one below the other. */
function fieldRows(
  { fields, field }: ConnectDialog & { readonly kind: 'save' | 'password' },
  width: number,
  look: Look,
): string[] {
  const labels = 9;
  const room = width - labels;
  return fields.map((line, i) => {
    const text = line.secret === true ? look.glyphs.mark.repeat([...line.text].length) : show(line.text);
    const value =
      i === field ? lineRow(line, room, look) : paint(look.theme, 'field', fit(cutEnd(text, room), room));
    return `${fit(line.label, labels)}${value}`;
  });
}

/** What keys have of a row of help. */
const helpKeyCells = 19;

type TextOf = (words: string, style?: StyleName) => string[];

/** What begins with blanks is an identity, and is easier to compare when it stands out. */
function stopLine(line: Shown, text: TextOf): string[] {
  return line.startsWith(' ') ? text(line.trim(), 'marked') : text(line);
}

function firstContact(
  { where, fingerprint, hidden, line, mistakes }: ConnectDialog & { kind: 'first-contact' },
  width: number,
  text: TextOf,
  keys: (...pairs: readonly (readonly [string, string])[]) => string[],
  look: Look,
): Content {
  const groups = shownGroups(fingerprint, hidden);
  const perRow = Math.max(1, Math.min(7, Math.floor((width - 3) / 5)));
  const shown: string[] = [];
  for (let i = 0; i < groups.length; i += perRow) shown.push(`   ${groups.slice(i, i + perRow).join('-')}`);
  const wrong = mistakes === 0 ? [] : text(contactTexts.wrong(mistakes, mostMistakes), 'error');
  const identity = shown.map((row) => paint(look.theme, 'marked', fit(row, width)));
  const typedRow = `${paint(look.theme, 'focusFrame', '> ')}${lineRow(line, width - 2, look)}`;
  const buttons = keys(['enter', contactTexts.connect], ['escape', contactTexts.leave]);
  return {
    title: contactTexts.title,
    lines: [
      '',
      ...text(contactTexts.says(where)),
      '',
      ...identity,
      '',
      ...text(contactTexts.compare),
      '',
      typedRow,
      '',
      ...wrong,
      ...text(contactTexts.nobodyToAsk(trustWords), 'dim'),
      ...buttons,
      '',
    ],
    short: [
      ...identity,
      ...text(mistakes === 0 ? contactTexts.compareShort : contactTexts.wrongShort(mistakes, mostMistakes)),
      typedRow,
      ...buttons,
    ],
  };
}
