/** Keys in the viewer, and the bytes and places that come back to it. Pure; UI thread. */

import {
  baseName,
  Code,
  type Facts,
  FerryError,
  limits,
  type Path,
  type Shown,
  show,
  trusted,
  type WireError,
} from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Action } from '../keymap/keymap.ts';
import { archiveFormat } from './archive-format.ts';
import { type BytePattern, bytePattern, placesIn } from './byte-pattern.ts';
import type { Cmd } from './cmd.ts';
import type { Dialog, Prompted } from './dialog.ts';
import { field } from './edit-line.ts';
import { viewerTexts } from './file-texts.ts';
import { viewerExtent } from './layout.ts';
import { inWords, type Next } from './next.ts';
import { openPalette } from './palette.ts';
import { isPictureName } from './picture.ts';
import type { AppState } from './state.ts';
import { lookAtPicture, otherPicture, zoomedBy } from './update-picture.ts';
import {
  type Goal,
  isShown,
  newViewer,
  settled,
  type Viewer,
  withBytes,
  withListing,
  withMatchInSight,
} from './viewer.ts';

/** Cells that a step to the side moves an unwrapped text. */
const sideStep = 8;

/** Opens a file over everything else. */
export function look(state: AppState, side: Side, path: Path): Next {
  if (isPictureName(baseName(path))) return lookAtPicture(state, side, path);
  const format = archiveFormat(baseName(path));
  if (format === undefined) return lookAtBytes(state, side, path);
  const request = state.requests + 1;
  const work = { kind: 'listing', request, at: 0 } as const;
  return [
    { ...state, requests: request, viewer: { ...newViewer(state[side], path, 'listing'), work } },
    [{ kind: 'list-archive', side, path, request, format }],
  ];
}

/** Another one is looked at: what is under way for the old one is stopped, unless it is still that one. */
function instead(old: Viewer, [state, cmds]: Next): Next {
  return [state, state.viewer === old ? cmds : [...stopCmds(old), ...cmds]];
}

/** Keys have another meaning where there are no rows: the pictures of a folder are walked through. */
function actOnPicture(state: AppState, viewer: Viewer, action: Action): Next | undefined {
  const closer = zoomedBy(viewer, action, viewerExtent(state.size));
  if (closer !== undefined) return [{ ...state, viewer: closer }, []];
  switch (action) {
    case 'right':
    case 'down':
    case 'page-down':
    case 'search-next':
      return instead(viewer, otherPicture(state, viewer, 1));
    case 'left':
    case 'up':
    case 'page-up':
    case 'search-previous':
      return instead(viewer, otherPicture(state, viewer, -1));
    case 'hex':
      return instead(viewer, lookAtBytes(state, viewer.side, viewer.path));
    case 'refresh':
      return instead(viewer, lookAtPicture(state, viewer.side, viewer.path));
    case 'help':
    case 'no':
    case 'close':
    case 'redraw':
      return undefined;
    default:
      return [state, []];
  }
}

function lookAtBytes(state: AppState, side: Side, path: Path): Next {
  return settle({ ...state, viewer: newViewer(state[side], path) });
}

export function archiveListed(state: AppState, request: number, text: Uint8Array, facts: Facts): Next {
  const { viewer } = state;
  if (viewer?.work?.request !== request) return [state, []];
  return settle({ ...state, viewer: withListing(viewer, text, facts) });
}

/** What is still wanted from the file is asked for; what was asked for and is not wanted any more is stopped. */
export function settle(state: AppState): Next {
  if (state.viewer === undefined) return [state, []];
  const [viewer, wanted] = settled(state.viewer, viewerExtent(state.size));
  const isLater = wanted === undefined && viewer.follows && viewer.facts !== undefined;
  const piece = isLater ? { offset: viewer.facts?.size ?? 0, length: limits.rangeBytes } : wanted;
  const { reading } = viewer;
  const isSame = reading?.piece.offset === piece?.offset && reading?.piece.length === piece?.length;
  if (isSame) return [{ ...state, viewer }, []];
  const stopped: readonly Cmd[] = reading === undefined ? [] : [{ kind: 'stop', request: reading.request }];
  if (piece === undefined) return [{ ...state, viewer: { ...viewer, reading: undefined } }, stopped];
  const request = state.requests + 1;
  const { side, path } = viewer;
  return [
    { ...state, requests: request, viewer: { ...viewer, reading: { request, piece } } },
    [...stopped, { kind: 'look', side, path, request, piece, isLater }],
  ];
}

export function actInViewer(state: AppState, viewer: Viewer, action: Action): Next {
  const onPicture = viewer.shows === 'picture' ? actOnPicture(state, viewer, action) : undefined;
  if (onPicture !== undefined) return onPicture;
  const { height } = viewerExtent(state.size);
  const by = (rows: number): Next =>
    settle(withGoal(state, { at: viewer.goal?.at ?? viewer.top, by: (viewer.goal?.by ?? 0) + rows }));
  switch (action) {
    case 'up':
      return by(-1);
    case 'down':
      return by(1);
    case 'page-up':
      return by(1 - height);
    case 'page-down':
      return by(height - 1);
    case 'first':
      return settle(withGoal(state, { at: 0, by: 0 }));
    case 'last':
      // Also before the size is known: a goal counts as far as the file goes.
      return settle(withGoal(state, { at: viewer.facts?.size ?? Number.MAX_SAFE_INTEGER, by: 0 }));
    case 'left':
      return sideways(state, viewer, -sideStep);
    case 'right':
      return sideways(state, viewer, sideStep);
    case 'wrap':
      return settle(reshaped(state, { ...viewer, wrap: !viewer.wrap, column: 0 }));
    case 'hex':
      if (viewer.shows === 'listing') return instead(viewer, lookAtBytes(state, viewer.side, viewer.path));
      return settle(reshaped(state, { ...viewer, mode: viewer.mode === 'hex' ? 'text' : 'hex', column: 0 }));
    case 'search':
      return [asking(state, viewerTexts.search, { about: 'search', by: 1 }), []];
    case 'search-back':
      return [asking(state, viewerTexts.searchBackward, { about: 'search', by: -1 }), []];
    case 'search-next':
    case 'search-previous':
      return searchOn(state, action === 'search-next' ? 1 : -1);
    case 'follow':
      if (viewer.shows === 'listing') return [state, []];
      return settle({
        ...state,
        viewer: { ...viewer, follows: !viewer.follows, goal: { at: viewer.facts?.size ?? 0, by: 0 } },
      });
    case 'go-to':
      return [asking(state, viewerTexts.goTo, { about: 'go-to' }), []];
    case 'help':
      return [openPalette(state), []];
    case 'refresh':
      if (viewer.shows === 'listing') return instead(viewer, look(state, viewer.side, viewer.path));
      return settle({ ...state, viewer: { ...viewer, span: undefined, error: undefined } });
    case 'no':
      return viewer.work === undefined || viewer.work.kind === 'listing' || viewer.work.kind === 'picture'
        ? closed(state, viewer)
        : stopWork(state, viewer);
    case 'close':
      return closed(state, viewer);
    case 'redraw':
      return [state, [{ kind: 'redraw' }]];
    default:
      return [state, []];
  }
}

function withGoal(state: AppState, goal: Goal): AppState {
  const { viewer } = state;
  return viewer === undefined ? state : { ...state, viewer: { ...viewer, goal, follows: false } };
}

/** The rows are others now: the same place is gone to again. */
function reshaped(state: AppState, viewer: Viewer): AppState {
  return { ...state, viewer: { ...viewer, goal: viewer.goal ?? { at: viewer.top, by: 0 } } };
}

function sideways(state: AppState, viewer: Viewer, by: number): Next {
  if (viewer.wrap || viewer.mode === 'hex') return [state, []];
  return [{ ...state, viewer: { ...viewer, column: Math.max(0, viewer.column + by) } }, []];
}

function asking(state: AppState, title: Shown, prompted: Prompted): AppState {
  const dialog: Dialog = {
    kind: 'prompt',
    title,
    fields: [field(trusted(''), '')],
    field: 0,
    prompted,
    error: undefined,
  };
  return { ...state, dialog };
}

function stopCmds({ reading, work }: Viewer): Cmd[] {
  return [reading, work].flatMap((one) =>
    one === undefined ? [] : [{ kind: 'stop', request: one.request } as const],
  );
}

function closed(state: AppState, viewer: Viewer): Next {
  return [{ ...state, viewer: undefined }, stopCmds(viewer)];
}

function stopWork(state: AppState, viewer: Viewer): Next {
  const { work } = viewer;
  if (work === undefined) return [state, []];
  return [{ ...state, viewer: { ...viewer, work: undefined } }, [{ kind: 'stop', request: work.request }]];
}

/** A typed text; nothing typed means the one before. */
export function searchFor(state: AppState, text: string, by: 1 | -1): Next {
  const { viewer } = state;
  if (viewer === undefined) return [state, []];
  const pattern = text === '' ? viewer.pattern : bytePattern(text);
  const match = pattern === viewer.pattern ? viewer.match : undefined;
  return searchOn({ ...state, viewer: { ...viewer, pattern, match } }, by);
}

function searchOn(state: AppState, by: 1 | -1): Next {
  const { viewer } = state;
  if (viewer === undefined) return [state, []];
  const { side, path, pattern, match, top } = viewer;
  if (pattern === undefined) {
    return [{ ...state, notice: { text: viewerTexts.nothingSearched, isError: false } }, []];
  }
  const near = match !== undefined && isShown(viewer, match, viewerExtent(state.size)) ? match : undefined;
  const from = by > 0 ? (near === undefined ? top : near + 1) : (near ?? top);
  if (viewer.shows === 'listing') return found(state, viewer, placeInListing(viewer, pattern, from, by));
  return working(state, viewer, 'search', from, (request) => ({
    kind: 'find-text',
    side,
    path,
    request,
    pattern,
    from,
    by,
  }));
}

function working(
  state: AppState,
  viewer: Viewer,
  kind: 'search' | 'line',
  at: number,
  cmd: (request: number) => Cmd,
): Next {
  const request = state.requests + 1;
  const [next, stopped] = stopWork(state, viewer);
  if (next.viewer === undefined) return [next, stopped];
  return [
    { ...next, requests: request, viewer: { ...next.viewer, work: { kind, request, at } } },
    [...stopped, cmd(request)],
  ];
}

/** `120` is a line, `50%` a share, `@1000` and `@0x3e8` a byte. @throws {FerryError} USAGE */
export function goTo(state: AppState, text: string): Next {
  const { viewer } = state;
  if (viewer === undefined) return [state, []];
  const place = placeOf(text.trim());
  const size = viewer.facts?.size;
  if (place.is === 'line') {
    const { side, path, shows, span } = viewer;
    if (place.number <= 1) return settle(withGoal(state, { at: 0, by: 0 }));
    if (shows === 'listing' && span !== undefined) {
      const before = placesIn(span.bytes, bytePattern('\n'))[place.number - 2];
      return settle(withGoal(state, { at: before === undefined ? span.bytes.length : before + 1, by: 0 }));
    }
    return working(state, viewer, 'line', 0, (request) => ({
      kind: 'find-line',
      side,
      path,
      request,
      line: place.number,
    }));
  }
  if (place.is === 'byte') return settle(withGoal(state, { at: place.number, by: 0 }));
  if (size === undefined) throw new FerryError(Code.USAGE, viewerTexts.sizeUnknown);
  return settle(withGoal(state, { at: Math.floor((size * place.number) / 100), by: 0 }));
}

type Place = { readonly is: 'line' | 'byte' | 'percent'; readonly number: number };

function placeOf(text: string): Place {
  const [, at = '', digits = '', percent = ''] =
    /^(@?)(0x[\da-f]{1,12}|\d{1,15}(?:\.\d{1,6})?)(%?)$/i.exec(text) ?? [];
  const number = Number(digits);
  if (digits !== '' && percent !== '' && at === '' && number <= 100) return { is: 'percent', number };
  if (digits !== '' && percent === '' && Number.isSafeInteger(number)) {
    if (at !== '') return { is: 'byte', number };
    if (/^\d+$/.test(digits)) return { is: 'line', number };
  }
  throw new FerryError(Code.USAGE, viewerTexts.noPlace);
}

export function looked(
  state: AppState,
  request: number,
  offset: number,
  facts: Facts,
  content: Uint8Array,
): Next {
  const { viewer } = state;
  if (viewer?.reading?.request !== request) return [state, []];
  const next = withBytes(viewer, offset, facts, content);
  if (content.length === 0 && offset < facts.size) {
    return [{ ...state, viewer: { ...next, error: viewerTexts.unreadable } }, []];
  }
  return settle({ ...state, viewer: next });
}

/** Reading or what ran over the file has failed. What is shown stays; any key tries again. */
export function unlooked(state: AppState, request: number, error: WireError): Next {
  const { viewer } = state;
  if (viewer === undefined || error[0] === Code.CANCELLED) return [state, []];
  const words = inWords('', error);
  if (viewer.reading?.request === request) {
    return [{ ...state, viewer: { ...viewer, reading: undefined, error: words } }, []];
  }
  if (viewer.work?.request !== request) return [state, []];
  const next = { ...state, notice: { text: words, isError: true } };
  // What is no archive in spite of its name is a file like others.
  if (viewer.work.kind === 'listing' || viewer.work.kind === 'picture')
    return lookAtBytes(next, viewer.side, viewer.path);
  return [{ ...next, viewer: { ...viewer, work: undefined } }, []];
}

export function worksAt(state: AppState, request: number, at: number): AppState {
  const { viewer } = state;
  if (viewer?.work?.request !== request) return state;
  return { ...state, viewer: { ...viewer, work: { ...viewer.work, at } } };
}

/** A place was found, or there is none. */
export function worked(state: AppState, request: number, at: number | undefined): Next {
  const { viewer } = state;
  if (viewer?.work?.request !== request) return [state, []];
  const { kind } = viewer.work;
  const idle = { ...state, viewer: { ...viewer, work: undefined } };
  if (kind === 'line') {
    if (at !== undefined) return settle(withGoal(idle, { at, by: 0 }));
    const next = withGoal(idle, { at: viewer.facts?.size ?? 0, by: 0 });
    return settle({ ...next, notice: { text: viewerTexts.fewerLines, isError: true } });
  }
  return found(idle, idle.viewer, at);
}

function placeInListing(
  { span }: Viewer,
  pattern: BytePattern,
  from: number,
  by: 1 | -1,
): number | undefined {
  const places = span === undefined ? [] : placesIn(span.bytes, pattern);
  return by > 0 ? places.find((at) => at >= from) : places.findLast((at) => at < from);
}

/** Goes to what was found. */
function found(state: AppState, viewer: Viewer, at: number | undefined): Next {
  const extent = viewerExtent(state.size);
  if (at === undefined) {
    const text = viewerTexts.notFound(show(viewer.pattern?.text ?? ''));
    return [{ ...state, notice: { text, isError: true } }, []];
  }
  const next = { ...viewer, match: at };
  if (isShown(next, at, extent)) return [{ ...state, viewer: withMatchInSight(next, extent) }, []];
  return settle({ ...state, viewer: { ...next, goal: { at, by: -Math.floor(extent.height / 3) } } });
}
