/** Single lines: title, footer, and a line that is typed. Pure; UI thread. */

import { codeName, type Shown, show } from '@ferry/protocol';
import type { ConnectionStatus, Side } from '../../engine/engine.ts';
import { footerPlaces } from '../../keymap/footer.ts';
import { keyName } from '../../keymap/key-name.ts';
import { layerOf } from '../../keymap/keymap.ts';
import { keyOf } from '../../keymap/resolve.ts';
import { unreadIn } from '../../state/chat.ts';
import type { Field } from '../../state/edit-line.ts';
import { type AppState, isAway, serverAhead, statusAt } from '../../state/state.ts';
import { tabNames } from '../../state/tabs.ts';
import { chatTexts, panes, prompts } from '../../state/texts.ts';
import type { Typing } from '../../state/typing.ts';
import { cells, cutEnd, fit } from './cells.ts';
import { type Look, paint } from './style.ts';
import { viewerNews } from './viewer-rows.ts';

export function connectionWords(status: ConnectionStatus, address: Shown, dot: string): string {
  switch (status.phase) {
    case 'connecting':
      return `${address} ${dot} connecting${status.attempt > 1 ? ` (attempt ${status.attempt})` : '…'}`;
    case 'online': {
      const rtt =
        status.rttMs > 0
          ? ` ${dot} ${status.rttMs < 10 ? status.rttMs.toFixed(1) : Math.round(status.rttMs)} ms`
          : '';
      return `${show(status.user)}@${address}${rtt} ${dot} TLS 1.3${status.readOnly ? ` ${dot} read-only` : ''}`;
    }
    case 'offline':
      return `${address} ${dot} offline, attempt ${status.attempt + 1} ${retryWords(status.retryMs)} ${dot} ${show(status.error[1])}`;
    case 'closed':
      return status.error === undefined
        ? `${address} ${dot} closed`
        : `${address} ${dot} ${show(status.error[1].split('\n')[0] ?? '')} [${codeName(status.error[0])}]`;
  }
}

function retryWords(retryMs: number): string {
  return retryMs === 0 ? 'now' : `in ${Math.ceil(retryMs / 1000)} s`;
}

/** What the server's pane says of itself while the server is away; undefined while it is there. */
export function awayWords(state: AppState, side: Side): string | undefined {
  if (!isAway(state, state[side])) return undefined;
  const connection = statusAt(state, state[side].where);
  if (connection.phase === 'offline') return panes.staleUntil(retryWords(connection.retryMs));
  return connection.phase === 'closed' ? panes.stale : panes.staleConnecting;
}

/** The server, and at the right the tabs where there are several and room for them. */
export function titleRow(state: AppState, width: number, { theme, glyphs }: Look): string {
  const where = serverAhead(state);
  const words = ` ferry  ${connectionWords(statusAt(state, where), show(where), glyphs.dot)}`;
  const news = unreadIn([state.chat, ...state.otherChats.values()]);
  const chatKey = keyName(keyOf(state.keymap, 'pane', 'chat'));
  const chatWords = news.lines === 0 ? '' : ` ${chatTexts.unread(news.lines, chatKey)} `;
  const tabs = tabNames(state).map(({ text, isHere }) => (isHere ? `[${text}]` : ` ${text} `));
  while (tabs.length > 0 && cells(tabs.join('')) > width / 2) tabs.pop();
  const here = state.people.here.get(where) ?? 0;
  const others = here > 1 && statusAt(state, where).phase === 'online' ? `${panes.here(here)} ` : '';
  const right = `${others}${tabs.join('')}`;
  const left = paint(theme, 'title', fit(words, Math.max(0, width - cells(right) - cells(chatWords))));
  return left + paint(theme, news.isCalled ? 'error' : 'notice', chatWords) + paint(theme, 'title', right);
}

/** The keys that do something here; a notice takes their place until the next key. */
export function footerRow(state: AppState, width: number, look: Look): string {
  const { theme } = look;
  const news = state.notice ?? (state.viewer === undefined ? undefined : viewerNews(state.viewer));
  if (news !== undefined) return paint(theme, news.isError ? 'error' : 'notice', fit(` ${news.text}`, width));
  if (state.typing !== undefined) return typingRow(state, state.typing, width, look);
  if (state.chord !== '') return chordRow(state, width, theme);
  const places = footerPlaces(state, width);
  const row = places.map(
    ({ name, label }) => `${paint(theme, 'key', ` ${name} `)}${paint(theme, 'keyLabel', label)} `,
  );
  const used = places.reduce((sum, place) => sum + place.width + 1, 0);
  return row.join('') + ' '.repeat(Math.max(0, width - used));
}

/** What is typed for a pane, and the keys that end it. */
function typingRow(state: AppState, { kind, line }: Typing, width: number, look: Look): string {
  const places = footerPlaces(state, width);
  const keys = places.map(
    ({ name, label }) => `${paint(look.theme, 'key', ` ${name} `)}${paint(look.theme, 'keyLabel', label)} `,
  );
  const used = places.reduce((sum, place) => sum + place.width + 1, 0);
  const title = ` ${kind === 'filter' ? prompts.filter : prompts.jump}`;
  const room = width - used - title.length - 1;
  if (room < 8) return `${title}${lineRow(line, width - title.length, look)}`;
  return `${paint(look.theme, 'notice', title)}${lineRow(line, room, look)} ${keys.join('')}`;
}

/** What the keys do that may follow the first ones of a chord. */
function chordRow(state: AppState, width: number, theme: Look['theme']): string {
  const { chord } = state;
  const { byKey } = state.keymap[layerOf(state)];
  let row = paint(theme, 'key', ` ${keyName(chord)} `);
  let used = cells(keyName(chord)) + 2;
  for (const [key, { label }] of byKey) {
    if (!key.startsWith(`${chord} `)) continue;
    const name = keyName(key.slice(chord.length + 1));
    const more = cells(name) + cells(label) + 3;
    if (used + more > width) break;
    row += ` ${paint(theme, 'key', ` ${name} `)}${paint(theme, 'keyLabel', label)}`;
    used += more;
  }
  return row + ' '.repeat(Math.max(0, width - used));
}

/** A line that is typed, with the cursor in it, scrolled so that the cursor is seen; exactly `width` cells on a ground of their own. */
export function lineRow(line: Field, width: number, { theme, glyphs }: Look): string {
  const { at } = line;
  const text = line.secret === true ? glyphs.mark.repeat([...line.text].length) : line.text;
  const chars = [...show(text)];
  const shownAt = [...show([...text].slice(0, at).join(''))].length;
  let from = 0;
  while (cells(chars.slice(from, shownAt).join('')) > width - 2) from += 1;
  const before = chars.slice(from, shownAt).join('');
  const under = chars[shownAt] ?? ' ';
  const after = cutEnd(
    chars.slice(shownAt + 1).join(''),
    Math.max(0, width - cells(before) - Math.max(1, cells(under))),
  );
  const used = cells(before) + Math.max(1, cells(under)) + cells(after);
  const rest = `${after}${' '.repeat(Math.max(0, width - used))}`;
  return `${paint(theme, 'field', before)}${paint(theme, 'cursor', under)}${paint(theme, 'field', rest)}`;
}
