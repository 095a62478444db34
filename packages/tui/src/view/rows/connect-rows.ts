/** The connect screen as rows of text: the line, the servers, and what is asked about an identity. Pure; UI thread. */

import { type Shown, show } from '@ferry/protocol';
import { mostMistakes, shownGroups, trustWords } from '../../engine/first-contact.ts';
import type { Reach } from '../../engine/reach.ts';
import { connectKeys } from '../../keymap/connect-keys.ts';
import { keyName } from '../../keymap/key-name.ts';
import { type ConnectDialog, type ConnectState, matchingRows, type ServerRow } from '../../state/connect.ts';
import type { Rect } from '../../state/layout.ts';
import { connectTexts } from '../../state/texts.ts';
import { cells, cutEnd, fit, fitName, padStart } from './cells.ts';
import { framed, wrapped } from './frame-rows.ts';
import { lineRow } from './line-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { when, whenCells } from './when.ts';

/** A whole screen, `rows` of them. */
export function connectRowsOf(state: ConnectState, nowMs: number, look: Look): string[] {
  const { columns, rows } = state.size;
  const title = paint(look.theme, 'title', fit(` ferry  where to?`, columns));
  return [
    title,
    ...lineRows(state, columns, look),
    ...listRows(state, columns, rows - 5, nowMs, look),
    footer(state, columns, look),
  ];
}

function lineRows(state: ConnectState, columns: number, look: Look): string[] {
  const width = columns - 4;
  const hint = 'type to find, or paste ferry://HOST[:PORT][/FOLDER] or an invite';
  const isEmpty = state.line.text === '';
  const text = isEmpty
    ? `${paint(look.theme, 'cursor', ' ')}${paint(look.theme, 'fieldHint', fit(hint, width - 1))}`
    : lineRow(state.line, width, look);
  const words = { topLeft: state.connecting === undefined ? 'Address or invite' : 'Connecting…' };
  return framed(look, state.dialog === undefined, { width: columns, height: 3 }, words, [` ${text} `]);
}

const reachCells = 20;
const narrowReachCells = 10;
const fromWords: Readonly<Record<ServerRow['from'], string>> = {
  saved: '',
  recent: '(visited)',
  ssh: '(~/.ssh/config)',
};

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
    rows.length > shown ? `${top + 1}–${Math.min(rows.length, top + shown)} of ${rows.length}` : '';
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
      return ['…', 'dim'];
    case 'answers':
      return [`answers, ${Math.round(reach.ms)} ms`, 'good'];
    case 'new':
      return ['not known yet', 'notice'];
    case 'changed':
      return ['ANOTHER IDENTITY', 'error'];
    case 'nobody':
      return ['nobody there', 'dim'];
  }
}

function footer({ notice, connecting }: ConnectState, width: number, { theme }: Look): string {
  if (notice !== undefined)
    return paint(theme, notice.isError ? 'error' : 'notice', fit(` ${notice.text}`, width));
  let row = '';
  let used = 0;
  for (const { keys, label } of connectKeys) {
    const [key = ''] = keys;
    const isShown = label !== '' && (connecting === undefined || key === 'escape');
    const more = cells(keyName(key)) + cells(label) + 3;
    if (!isShown || used + more > width) continue;
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
      const labels = 9;
      const fields = dialog.fields.map((line, i) => {
        const value =
          i === dialog.field
            ? lineRow(line, width - labels, look)
            : paint(theme, 'field', fit(cutEnd(show(line.text), width - labels), width - labels));
        return `${fit(line.label, labels)}${value}`;
      });
      const said = dialog.error === undefined ? [] : text(dialog.error, 'error');
      const buttons = keys(['enter', 'Save'], ['tab', 'Next'], ['escape', 'Leave it']);
      return { title: 'Save a server', lines: ['', ...fields, '', ...said, ...buttons, ''] };
    }
    case 'remove': {
      const { name, address } = dialog.row;
      const what = name === '' ? address : `${name}, ${address}`;
      const lines = [
        ...text(`${show(what)} is taken from this list. Whom you trust there stays as it is.`),
        '',
        ...keys(['f8', 'Remove'], ['escape', 'Leave it']),
      ];
      return { title: 'Remove?', lines: ['', ...lines, ''] };
    }
    case 'first-contact':
      return firstContact(dialog, width, text, keys, look);
    case 'stop': {
      const said = dialog.lines.map((line) => stopLine(line, text));
      const back = keys(['escape', 'Back']);
      const end = text('Nothing was sent, and nothing is connected.');
      return {
        title: 'STOP: this is not the server you know',
        lines: ['', ...said.flat(), '', ...end, '', ...back, ''],
        short: [...said.slice(1).flat(), ...back],
        isGrave: true,
      };
    }
  }
}

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
  const wrong =
    mistakes === 0
      ? []
      : text(
          `Those are not the missing groups (${mistakes} of ${mostMistakes}). If its owner sees them like that, somebody else is answering: do not connect.`,
          'error',
        );
  const identity = shown.map((row) => paint(look.theme, 'marked', fit(row, width)));
  const typedRow = `${paint(look.theme, 'focusFrame', '> ')}${lineRow(line, width - 2, look)}`;
  const buttons = keys(['enter', 'Connect, if they are right'], ['escape', 'Do not connect']);
  return {
    title: 'First contact: is this the server you mean?',
    lines: [
      '',
      ...text(`Nobody has vouched for ${where} yet. It says that this is its identity:`),
      '',
      ...identity,
      '',
      ...text(
        'Its owner sees all of it: ferryd prints it at its start. Compare, and type the groups that are missing here:',
      ),
      '',
      typedRow,
      '',
      ...wrong,
      ...text(`Is there nobody to ask? Then type: ${trustWords}`, 'dim'),
      ...buttons,
      '',
    ],
    short: [
      ...identity,
      ...text(
        mistakes === 0 ? 'Compare, and type what is missing:' : `Not those (${mistakes} of ${mostMistakes}):`,
      ),
      typedRow,
      ...buttons,
    ],
  };
}
