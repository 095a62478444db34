/**
 * The panel of the chat as rows: rooms at the left where there is room for them, what was said, and the line that is typed. What
 * others say always stands behind their name, and what ferry itself says begins with an asterisk. Pure; UI thread.
 */

import { type Shown, show, showName } from '@ferry/protocol';
import type { ChatLine } from '../../engine/chat.ts';
import { noteWords } from '../../engine/chat-words.ts';
import { keyName } from '../../keymap/key-name.ts';
import { keyOf } from '../../keymap/resolve.ts';
import { type ChatRoom, roomAt, speaksTo } from '../../state/chat.ts';
import type { Size } from '../../state/layout.ts';
import { type AppState, serverWord, statusAt } from '../../state/state.ts';
import { chatTexts } from '../../state/texts.ts';
import { cells, cutEnd, fit, fitName } from './cells.ts';
import { framed, keepEnd, wrapped } from './frame-rows.ts';
import { lineRow } from './line-rows.ts';
import { type Look, paint, type StyleName } from './style.ts';
import { minute } from './when.ts';

const listCells = 20;
/** Below this the rooms have no column of their own. */
const columnsForList = 60;
/** Under the time, where a line goes on. */
const indent = 6;

/** Rows with their frame, exactly as wide and high as `size`. */
export function chatRowsOf(state: AppState, size: Size, look: Look): string[] {
  const { columns: width, rows: height } = size;
  const { chat } = state;
  const room = roomAt(chat);
  const hasList = width >= columnsForList;
  const textCells = width - 4 - (hasList ? listCells + 2 : 0);
  const textRows = Math.max(1, height - 4);
  const status = statusAt(state, state.chatWhere);
  const own = status.phase === 'online' ? status.user : '';
  const said = saidRows(state, room, { width: textCells, height: textRows, own }, look);
  const bar = paint(look.theme, 'frame', look.glyphs.side);
  const list = hasList ? listRows(chat.rooms, chat.at, look) : [];
  const from = Math.max(0, chat.rooms.findIndex(({ ref }) => ref === chat.at) - textRows + 1);
  const rows = Array.from({ length: textRows }, (_, i) => {
    const text = said[i] ?? ' '.repeat(textCells);
    return hasList ? ` ${list[from + i] ?? ' '.repeat(listCells)}${bar} ${text} ` : ` ${text} `;
  });
  const rule = paint(look.theme, 'frame', look.glyphs.line.repeat(width - 2));
  return framed(look, true, { width, height }, words(state, room), [
    ...rows,
    rule,
    ` ${inputRow(state, width - 4, look)} `,
  ]);
}

function words(state: AppState, room: ChatRoom | undefined) {
  const { chat, keymap } = state;
  const others = chat.rooms.filter(({ ref }) => ref !== chat.at).reduce((sum, { unread }) => sum + unread, 0);
  const sealed = room?.sealed === true ? ` ${chatTexts.sealed}` : '';
  const path = chat.chosen === undefined ? undefined : room?.lines[chat.chosen]?.path;
  const key = keyName(keyOf(keymap, 'chat', 'accept'));
  return {
    topLeft: `${chatTexts.title(serverWord(state, state.chatWhere))} ${show(chat.at)}${sealed}`,
    topRight: others > 0 ? chatTexts.elsewhere(others) : '',
    bottomLeft: chat.chosen === undefined ? '' : chatTexts.lineOf(chat.chosen + 1, room?.lines.length ?? 0),
    bottomRight: path === undefined ? '' : chatTexts.goesThere(key),
  };
}

/** Exactly as wide as the list. */
function listRows(rooms: readonly ChatRoom[], at: string, look: Look): string[] {
  return rooms.map(({ ref, sealed, phase, unread, isCalled }) => {
    const count = unread === 0 ? '' : unread > 99 ? '99+' : String(unread);
    const mark = sealed ? look.glyphs.bookmark : ' ';
    const name = fitName(show(ref), listCells - 3 - cells(count), look.glyphs.ellipsis);
    const text = `${mark}${name} ${count}${' '}`;
    const style: StyleName =
      ref === at
        ? 'cursor'
        : isCalled
          ? 'error'
          : unread > 0
            ? 'marked'
            : phase === 'known'
              ? 'dim'
              : 'plain';
    return paint(look.theme, style, fit(text, listCells));
  });
}

type Extent = { readonly width: number; readonly height: number; readonly own: string };

/** The end of what was said, or what is around the chosen line. */
function saidRows(state: AppState, room: ChatRoom | undefined, extent: Extent, look: Look): string[] {
  const { width, height } = extent;
  const why = whyNothing(state, room);
  const lines = room?.lines ?? [];
  if (why !== undefined && lines.length === 0) {
    const style: StyleName = room?.error === undefined ? 'dim' : 'error';
    return wrapped(why, width).map((row) => paint(look.theme, style, fit(row, width)));
  }
  const { chosen } = state.chat;
  const rowsOf = (i: number): string[] =>
    lineRows(lines[i], lines[i - 1], { ...extent, isChosen: i === chosen }, look);
  // Below the chosen line there is half of the room for what came after it.
  let last = lines.length - 1;
  if (chosen !== undefined) {
    last = chosen;
    for (let below = 0; last < lines.length - 1; last++) {
      below += rowsOf(last + 1).length;
      if (below > height / 2) break;
    }
  }
  const blocks: string[][] = [];
  let used = 0;
  if (why !== undefined) {
    const row = paint(look.theme, 'error', fit(cutEnd(why, width), width));
    blocks.push([row]);
    used = 1;
  }
  for (let i = last; i >= 0 && used < height; i--) {
    const block = rowsOf(i);
    blocks.unshift(block);
    used += block.length;
  }
  const rows = blocks.flat();
  // What is read stays at the bottom, next to the line that is typed.
  const blank = Array.from({ length: Math.max(0, height - rows.length) }, () => ' '.repeat(width));
  return [...blank, ...rows.slice(Math.max(0, rows.length - height))];
}

function whyNothing({ keymap }: AppState, room: ChatRoom | undefined): string | undefined {
  const key = keyName(keyOf(keymap, 'chat', 'accept'));
  if (room === undefined) return chatTexts.noRoom(keyName(keyOf(keymap, 'chat', 'enter-room')));
  if (room.error !== undefined) return chatTexts.notIn(room.error, key);
  if (room.phase === 'entering') return chatTexts.entering;
  if (room.phase === 'known') return room.sealed ? chatTexts.wantsPassphrase(key) : chatTexts.enters(key);
  return room.lines.length === 0 ? chatTexts.empty : undefined;
}

function lineRows(
  line: ChatLine | undefined,
  before: ChatLine | undefined,
  { width, own, isChosen }: Extent & { readonly isChosen: boolean },
  { theme, glyphs }: Look,
): string[] {
  if (line === undefined) return [];
  const { ms, from, text, path, notes } = line;
  const [day = '', time = ''] = minute(ms).split(' ');
  const rows: string[] = [];
  if (before === undefined || minute(before.ms).slice(0, 10) !== day) {
    rows.push(paint(theme, 'dim', fit(`${glyphs.line.repeat(2)} ${day} ${glyphs.line.repeat(2)}`, width)));
  }
  const who = show(from);
  for (const note of notes) {
    const style: StyleName = note === 'gap' || note === 'anew' ? 'notice' : 'error';
    for (const row of wrapped(`* ${noteWords(note, who)}`, width))
      rows.push(paint(theme, style, fit(row, width)));
  }
  if (text === '') return rows;
  const name = keepEnd(who, 20, glyphs.ellipsis);
  const wholes = wrapped(`${name}: ${show(text)}`, width - indent);
  const isForMe = !line.own && speaksTo(text, own);
  wholes.forEach((whole, i) => {
    const lead = fit(i === 0 ? time : '', indent);
    const row = fit(whole, width - indent);
    if (isChosen) rows.push(paint(theme, 'cursor', lead + row));
    else if (i > 0) rows.push(lead + paint(theme, isForMe ? 'marked' : 'plain', row));
    else {
      const nameStyle: StyleName = line.own ? 'good' : 'folder';
      const rest = row.slice(name.length + 1);
      rows.push(
        paint(theme, 'dim', lead) +
          paint(theme, nameStyle, `${name}:`) +
          paint(theme, isForMe ? 'marked' : 'plain', rest),
      );
    }
  });
  if (path !== undefined) {
    const shown = keepEnd(`/${showName(path.join('/'))}`, width - indent - 2, glyphs.ellipsis);
    const row = fit(`${' '.repeat(indent)}${glyphs.mark} ${shown}`, width);
    rows.push(paint(theme, isChosen ? 'cursor' : 'link', row));
  }
  return rows;
}

/** What goes with the line stands before it. */
function inputRow({ chat }: AppState, width: number, look: Look): string {
  if (chat.attached === undefined) return lineRow(chat.line, width, look);
  const whole: Shown = showName(`/${chat.attached.join('/')}`);
  const shown = `[${keepEnd(whole, Math.floor(width / 2) - 3, look.glyphs.ellipsis)}] `;
  return paint(look.theme, 'link', shown) + lineRow(chat.line, width - cells(shown), look);
}
