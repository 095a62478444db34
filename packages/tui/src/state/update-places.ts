/**
 * Going somewhere otherwise than by walking: history, bookmarks, a path that is typed, and both sides together. Pure; UI thread.
 */

import {
  type Name,
  type Path,
  parentPath,
  pathFromText,
  type Shown,
  samePath,
  show,
  showName,
  trusted,
} from '@ferry/protocol';
import type { Side, Where } from '../engine/engine.ts';
import { keyName } from '../keymap/key-name.ts';
import type { Action } from '../keymap/keymap.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { Dialog } from './dialog.ts';
import { edited, field, typedInto } from './edit-line.ts';
import { textOfName } from './match.ts';
import { counterpart, go, goAlone, moveTo, type Next, revisit } from './next.ts';
import type { Pane } from './pane.ts';
import { isBookmarked, type Place, withBookmark, withoutPlace } from './remembered.ts';
import { type AppState, activeSide, otherSide, placeOf } from './state.ts';
import { steppedBelowLine, withinRows } from './step.ts';
import { notices, prompts, sideNames } from './texts.ts';

export type PlacesDialog = Dialog & { readonly kind: 'places' };
type Prompt = Dialog & { readonly kind: 'prompt' };

/** undefined for an action that leads nowhere. */
export function actOnPlaces(state: AppState, pane: Pane, action: Action): Next | undefined {
  const { side } = pane;
  switch (action) {
    case 'back':
    case 'forward':
      return revisit(state, side, action);
    case 'bookmark':
      return bookmark(state, placeOf(state, side, pane.path));
    case 'places':
      return [{ ...state, dialog: { kind: 'places', line: field(trusted(''), ''), cursor: 0 } }, []];
    case 'go-to-path':
      return [askPath(state, pane), []];
    case 'same-folder':
      return sameFolder(state, pane);
    case 'synchronised':
      return [synchronised(state), []];
    case 'connect':
      return [state, [{ kind: 'choose-server', side }]];
    case 'this-machine':
      return thisMachine(state, pane);
    default:
      return undefined;
  }
}

/** This machine's files in the pane, or back to the server that it showed. */
function thisMachine(state: AppState, { side, where }: Pane): Next {
  const other = state[otherSide(side)];
  if (where === '') {
    const server = other.where === '' ? state.address : other.where;
    return moveTo(state, side, server, server === other.where ? other.path : state.homes.remote);
  }
  return moveTo(state, side, '', other.where === '' ? other.path : state.homes.local);
}

function bookmark(state: AppState, place: Place): Next {
  const isThere = isBookmarked(state.remembered, place);
  const remembered = isThere ? withoutPlace(state.remembered, place) : withBookmark(state.remembered, place);
  const full = !isThere && remembered === state.remembered;
  const text = isThere ? notices.bookmarkGone : full ? notices.tooManyBookmarks : notices.bookmarkKept;
  return [{ ...state, remembered, notice: { text, isError: full } }, [{ kind: 'remember', remembered }]];
}

export type PlaceItem = { readonly place: Place; readonly isBookmark: boolean; readonly text: Shown };

/** Where one can go from here: bookmarks, then recent folders, of one's own side and of this server. */
export function placeItems(state: AppState, { line }: PlacesDialog): readonly PlaceItem[] {
  const { bookmarks, recent } = state.remembered;
  const item = (isBookmark: boolean) => (place: Place) => ({
    place,
    isBookmark,
    text: wordsOf(place, state.others.size === 0),
  });
  const words = line.text.toLowerCase().split(/\s+/).filter(Boolean);
  return [
    ...bookmarks.map(item(true)),
    ...recent.filter((place) => !isBookmarked(state.remembered, place)).map(item(false)),
  ].filter(({ place, text }) => {
    const lower = text.toLowerCase();
    return isOpen(state, place.server) && words.every((w) => lower.includes(w));
  });
}

function isOpen({ address, others }: AppState, where: Where): boolean {
  return where === '' || where === address || others.has(where);
}

/** In the pane that shows that place, or else in the one that one is in. */
function goToPlace(state: AppState, { server, path }: Place): Next {
  const here = activeSide(state);
  const side = [here, otherSide(here)].find((one) => state[one].where === server);
  if (side === undefined) return moveTo(state, here, server, path);
  return go({ ...state, focus: side }, side, path);
}

function wordsOf({ path, server }: Place, isOnly: boolean): Shown {
  const place = server === '' ? sideNames.local : isOnly ? sideNames.remote : `${show(server)}: `;
  return trusted(`${place}/${showName(path.join('/'))}`);
}

export function actInPlaces(state: AppState, dialog: PlacesDialog, action: Action): Next {
  const items = placeItems(state, dialog);
  const item = items[dialog.cursor];
  const to = (cursor: number): Next => [
    { ...state, dialog: { ...dialog, cursor: withinRows(cursor, items.length) } },
    [],
  ];
  switch (action) {
    case 'no':
      return [{ ...state, dialog: undefined }, []];
    case 'accept': {
      if (item === undefined) return [state, []];
      return goToPlace({ ...state, dialog: undefined }, item.place);
    }
    case 'forget': {
      if (item === undefined) return [state, []];
      const remembered = withoutPlace(state.remembered, item.place);
      const cursor = Math.max(0, Math.min(dialog.cursor, items.length - 2));
      return [{ ...state, remembered, dialog: { ...dialog, cursor } }, [{ kind: 'remember', remembered }]];
    }
    default: {
      const cursor = steppedBelowLine(action, dialog.cursor);
      if (cursor !== undefined) return to(cursor);
      const line = edited(dialog.line, action);
      return [
        { ...state, dialog: { ...dialog, line, cursor: line.text === dialog.line.text ? dialog.cursor : 0 } },
        [],
      ];
    }
  }
}

export function typedInPlaces(state: AppState, dialog: PlacesDialog, text: string): AppState {
  return { ...state, dialog: { ...dialog, line: typedInto(dialog.line, text, 255), cursor: 0 } };
}

function askPath(state: AppState, { side, path }: Pane): AppState {
  const start = path.length === 0 ? '/' : `/${path.map(textOfName).join('/')}/`;
  return {
    ...state,
    dialog: {
      kind: 'prompt',
      title: prompts.goTo(side),
      fields: [field(trusted(''), start)],
      field: 0,
      prompted: { about: 'go-to-path', side },
      error: undefined,
    },
  };
}

/** `..` goes up, what does not begin with `/` starts where the pane is. @throws {FerryError} NAME_INVALID, NAME_TOO_LONG */
export function pathTyped(text: string, from: Path): Path {
  let path: Path = text.startsWith('/') ? [] : from;
  for (const part of text.split('/'))
    path = part === '..' ? parentPath(path) : [...path, ...pathFromText(part)];
  return path;
}

/** Asks for the folders that the path may go on with. @throws {FerryError} as pathTyped */
export function complete(state: AppState, dialog: Prompt, side: Side): Next {
  const line = dialog.fields[0];
  if (line === undefined) return [state, []];
  const folder = pathTyped(line.text.slice(0, line.text.lastIndexOf('/') + 1), state[side].path);
  return [state, [{ kind: 'complete', side, folder, text: line.text }]];
}

/** The folders that were asked for have come: the path goes on as far as they agree. */
export function completed(state: AppState, text: string, names: readonly Name[]): AppState {
  const { dialog } = state;
  if (dialog?.kind !== 'prompt' || dialog.prompted.about !== 'go-to-path') return state;
  const [line] = dialog.fields;
  if (line === undefined || line.text !== text) return state;
  const cut = text.lastIndexOf('/') + 1;
  const begun = text.slice(cut);
  const like = names
    .map(textOfName)
    .filter((name) => name.startsWith(begun) && (begun !== '' || !name.startsWith('.')))
    .toSorted();
  const [first] = like;
  const error = (words: Shown): AppState => ({ ...state, dialog: { ...dialog, error: words } });
  if (first === undefined) return error(prompts.noSuchFolder);
  const common = like.reduce(commonStart);
  const more = like.length === 1 ? `${first}/` : common;
  if (more === begun)
    return error(
      trusted(
        `${like
          .slice(0, 12)
          .map((name) => `${showText(name)}/`)
          .join('  ')}${like.length > 12 ? ' …' : ''}`,
      ),
    );
  return {
    ...state,
    dialog: { ...dialog, error: undefined, fields: [field(line.label, text.slice(0, cut) + more)] },
  };
}

function showText(text: string): Shown {
  return showName(Buffer.from(text, 'utf8').toString('latin1'));
}

function commonStart(a: string, b: string): string {
  const [left, right] = [[...a], [...b]];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at += 1;
  return left.slice(0, at).join('');
}

function sameFolder(state: AppState, { side, path }: Pane): Next {
  const base = state.synced ?? state.origin;
  const there = counterpart(base, side, path);
  if (there === undefined) {
    const text = notices.noCounterpart(showName(base[side].join('/')));
    return [{ ...state, notice: { text, isError: true } }, []];
  }
  const other = otherSide(side);
  return samePath(there, state[other].path) ? [state, []] : goAlone(state, other, there);
}

/** From the folders that are shown now on. */
function synchronised(state: AppState): AppState {
  const synced =
    state.synced === undefined ? { remote: state.remote.path, local: state.local.path } : undefined;
  const key = keyName(keyOf(state.keymap, 'pane', 'synchronised'));
  const text = synced === undefined ? notices.alone : notices.together(key);
  return { ...state, synced, notice: { text, isError: false } };
}
