/** Who else is on the server, as rows. Pure; UI thread. */

import { show, showName } from '@ferry/protocol';
import type { Person } from '../../engine/people.ts';
import { keyName } from '../../keymap/key-name.ts';
import { keyOf } from '../../keymap/resolve.ts';
import type { Size } from '../../state/layout.ts';
import type { PeopleDialog } from '../../state/people.ts';
import { type AppState, serverWord } from '../../state/state.ts';
import { peopleTexts } from '../../state/texts.ts';
import { fit } from './cells.ts';
import { framed, keepEnd } from './frame-rows.ts';
import { type Look, paint } from './style.ts';
import { minute } from './when.ts';

/** One row for who it is, and more for what they show. */
function linesOf(person: Person, width: number, look: Look): string[] {
  const { user, client, sinceMs, isSelf, activity } = person;
  const name = `${show(user)}${isSelf ? ` ${peopleTexts.self}` : ''}`;
  const facts = `${show(client)} ${look.glyphs.dot} ${peopleTexts.since(minute(sinceMs))}`;
  const lines = [
    paint(look.theme, 'folder', fit(name, width)),
    paint(look.theme, 'dim', fit(`  ${facts}`, width)),
  ];
  if (activity?.folder !== undefined) {
    lines.push(
      fit(
        `  ${keepEnd(peopleTexts.in(showName(`/${activity.folder.join('/')}`)), width - 2, look.glyphs.ellipsis)}`,
        width,
      ),
    );
  }
  for (const { way, path } of activity?.moving ?? []) {
    const arrow = way === 0 ? look.glyphs.up : look.glyphs.down;
    lines.push(
      fit(`  ${arrow} ${keepEnd(showName(`/${path.join('/')}`), width - 4, look.glyphs.ellipsis)}`, width),
    );
  }
  const more = (activity?.movingCount ?? 0) - (activity?.moving.length ?? 0);
  if (more > 0) lines.push(fit(`    ${peopleTexts.more(more)}`, width));
  return lines;
}

/** How many rows the list wants, with its frame. */
export function peopleHeight({ rows }: PeopleDialog): number {
  const lines = (rows ?? []).reduce((sum, { activity }) => sum + 3 + (activity?.moving.length ?? 0), 0);
  return Math.max(1, lines) + 4;
}

/** Rows with their frame, exactly as wide and high as `size`. */
export function peopleRowsOf(state: AppState, dialog: PeopleDialog, size: Size, look: Look): string[] {
  const { columns: width, rows: height } = size;
  const inner = width - 4;
  const lines =
    dialog.rows === undefined
      ? [paint(look.theme, 'dim', fit(peopleTexts.asking, inner))]
      : dialog.rows.slice(dialog.top).flatMap((person) => linesOf(person, inner, look));
  const room = height - 4;
  const key = keyName(keyOf(state.keymap, 'people', 'show-activity'));
  const where = dialog.where ?? state.address;
  const own = state.people.shownAt.has(where) ? peopleTexts.shown(key) : peopleTexts.hidden(key);
  const shown = [...lines.slice(0, room)];
  while (shown.length < room) shown.push(' '.repeat(inner));
  const rows = [...shown, ' '.repeat(inner), paint(look.theme, 'notice', fit(own, inner))];
  return framed(
    look,
    true,
    { width, height },
    {
      topLeft: peopleTexts.title(
        dialog.rows?.length ?? state.people.here.get(where) ?? 0,
        serverWord(state, where),
      ),
    },
    rows.map((row) => ` ${row} `),
  );
}
