/** Who is connected. Pure; used by the screen. */

import { show } from '@ferry/protocol';
import { cells, fit, fitName, padStart } from '@ferry/protocol/terminal/cells';
import { bytesText, durationText, limitBytes, rateText } from './figures.ts';
import type { Rect } from './layout.ts';
import { type Look, paint, type StyleName } from './look.ts';
import { panelHead } from './panel.ts';
import type { Person } from './sample.ts';
import { chosenOf, peopleOf, type ScreenState } from './state.ts';

type Column = {
  readonly head: string;
  readonly width: number;
  readonly isRight: boolean;
  readonly style?: (person: Person) => StyleName | undefined;
  readonly text: (person: Person) => string;
};

/** What every width has room for comes first; the rest as far as it fits. */
function columnsFor(width: number, nowMs: number, people: readonly Person[], look: Look): readonly Column[] {
  const hasLimits = people.some(({ limits }) => limits !== undefined);
  const longest = Math.max(0, ...people.map(({ server = '' }) => cells(show(server))));
  const right = (head: string, wide: number, text: Column['text'], style?: Column['style']): Column => ({
    head,
    width: wide,
    isRight: true,
    text,
    ...(style === undefined ? {} : { style }),
  });
  const down = right(
    'DOWN',
    11,
    ({ downRate }) => rateText(downRate),
    ({ downRate }) => (downRate > 0 ? 'down' : 'dim'),
  );
  const up = right(
    'UP',
    11,
    ({ upRate }) => rateText(upRate),
    ({ upRate }) => (upRate > 0 ? 'up' : 'dim'),
  );
  const wanted = [
    right('FOR', 11, ({ sinceMs }) => durationText(nowMs - sinceMs)),
    right('LANES', 6, ({ lanes }) => `${lanes}`),
    right('SENT', 9, ({ sent }) => bytesText(sent)),
    right('RECEIVED', 9, ({ received }) => bytesText(received)),
  ];
  const limit = right(
    'LIMIT',
    13,
    (person) => limitText(person, look),
    () => 'warn',
  );
  const atWidth = Math.min(width < 100 ? 12 : 24, longest);
  const at = right('AT', atWidth, ({ server = '' }) =>
    fitName(show(server), atWidth, look.glyphs.ellipsis).trimEnd(),
  );
  const columns: Column[] = [down, up];
  // The name and where it comes from need this much.
  let room = width - 2 - 26 - columns.reduce((sum, one) => sum + one.width + 1, 0);
  for (const column of [...(longest > 0 ? [at] : []), ...(hasLimits ? [limit] : []), ...wanted]) {
    if (room < column.width + 1) continue;
    columns.push(column);
    room -= column.width + 1;
  }
  return columns;
}

function limitText({ limits }: Person, { glyphs }: Look): string {
  if (limits === undefined) return '';
  const { down, up } = limits;
  if (down !== undefined && down === up) return `${limitBytes(down)}/s`;
  const each = [
    ...(down === undefined ? [] : [`${glyphs.down}${limitBytes(down)}`]),
    ...(up === undefined ? [] : [`${glyphs.up}${limitBytes(up)}`]),
  ];
  return each.join(' ').replaceAll(/ (?=[a-zA-Z])/g, '');
}

export function peopleRows(
  state: ScreenState,
  { width, height }: Rect,
  look: Look,
  nowMs: number,
): readonly string[] {
  if (height === 0) return [];
  const people = peopleOf(state);
  const columns = columnsFor(width, nowMs, people, look);
  const taken = columns.reduce((sum, one) => sum + one.width + 1, 0);
  const names = width - 2 - taken;
  const from = Math.min(40, Math.max(9, Math.floor(names * 0.55)));
  const who = names - from - 1;
  const room = Math.max(0, height - 2);
  const chosen = chosenOf(state);
  const at = Math.max(
    0,
    people.findIndex(({ sessionId }) => sessionId === chosen?.sessionId),
  );
  // The chosen one stays in view, and a whole page is shown where there is one.
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), people.length - room));
  const shown = people.slice(first, first + room);
  const detail =
    people.length > shown.length
      ? `${first + 1}-${first + shown.length} of ${people.length}`
      : `${people.length}`;
  const head = `  ${fit('WHO', who)} ${fit('FROM', from)}${columns
    .map((column) => ` ${padStart(column.head, column.width)}`)
    .join('')}`;
  const rows = shown.map((person) => {
    const isChosen = person === chosen;
    const mark = isChosen ? look.glyphs.chosen : ' ';
    const ellipsis = look.glyphs.ellipsis;
    const name = `${mark} ${fitName(show(person.user), who, ellipsis)} ${fitName(show(person.source), from, ellipsis)}`;
    const figures = columns.map((column) => {
      const text = ` ${padStart(fit(column.text(person), column.width).trimEnd(), column.width)}`;
      const style = isChosen ? undefined : column.style?.(person);
      return style === undefined ? text : paint(look, style, text);
    });
    const row = fit(name, width - taken) + figures.join('');
    return isChosen ? paint(look, 'chosen', row) : row;
  });
  if (people.length === 0) rows.push(paint(look, 'dim', fit('  nobody is connected', width)));
  return [
    panelHead(look, 'Sessions', detail, width),
    paint(look, 'heading', fit(head, width)),
    ...rows,
  ].slice(0, height);
}
