/** Pictures in the viewer: the one that comes, and the next one of its folder. Pure; UI thread. */

import { baseName, EntryKind, type Facts, type Name, type Path, parentPath, samePath } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { Action } from '../keymap/keymap.ts';
import { viewerTexts } from './file-texts.ts';
import { paneRows } from './layout.ts';
import type { Next } from './next.ts';
import { headRows, type Pane, withCursor } from './pane.ts';
import { isPictureName, type Picture } from './picture.ts';
import type { AppState } from './state.ts';
import { type Extent, newViewer, type Viewer, withPicture } from './viewer.ts';
import { panned, zoomed } from './zoom.ts';

/** Shows a picture over everything else, as soon as it is here. */
export function lookAtPicture(state: AppState, side: Side, path: Path): Next {
  const request = state.requests + 1;
  const work = { kind: 'picture', request, at: 0 } as const;
  return [
    { ...state, requests: request, viewer: { ...newViewer(state[side], path, 'picture'), work } },
    [{ kind: 'show-picture', side, path, request }],
  ];
}

export function pictureShown(state: AppState, request: number, picture: Picture, facts: Facts): Next {
  const { viewer } = state;
  if (viewer?.work?.request !== request) return [state, []];
  return [{ ...state, viewer: withPicture(viewer, picture, facts) }, []];
}

/** The next one of its folder, as the pane has them in order; the cursor goes along. */
export function otherPicture(state: AppState, viewer: Viewer, by: 1 | -1): Next {
  const { side, path } = viewer;
  const pane = state[side];
  const isItsFolder = pane.where === viewer.where && samePath(pane.path, parentPath(path));
  const row = isItsFolder ? pictureRow(pane, baseName(path), by) : undefined;
  if (row === undefined) {
    const text = by > 0 ? viewerTexts.lastPicture : viewerTexts.firstPicture;
    return [{ ...state, notice: { text, isError: false } }, []];
  }
  const cursor = withCursor(pane, row + headRows(pane), paneRows(state.size));
  const moved = { ...state, notice: undefined, [side]: cursor };
  return lookAtPicture(moved, side, [...parentPath(path), pane.rows.nameAt(row)]);
}

/** Names alone are looked at on the way: there may be a million of them. */
function pictureRow({ rows }: Pane, from: Name | undefined, by: 1 | -1): number | undefined {
  const start = from === undefined ? -1 : rows.indexOf(from);
  if (start < 0) return undefined;
  for (let row = start + by; row >= 0 && row < rows.length; row += by) {
    if (isPictureName(rows.nameAt(row)) && rows.at(row)?.kind === EntryKind.file) return row;
  }
  return undefined;
}

const steps: Partial<Record<Action, readonly [right: number, down: number]>> = {
  left: [-1, 0],
  right: [1, 0],
  up: [0, -1],
  down: [0, 1],
};

/** The picture seen closer, or another part of it; undefined for what has another meaning now. */
export function zoomedBy(viewer: Viewer, action: Action, extent: Extent): Viewer | undefined {
  const { picture, zoom } = viewer;
  if (action === 'zoom-in' || action === 'zoom-out')
    return { ...viewer, zoom: zoomed(zoom, action === 'zoom-in' ? 1 : -1) };
  if (action === 'zoom-whole') return { ...viewer, zoom: undefined };
  const step = steps[action];
  if (step === undefined || zoom === undefined || picture === undefined) return undefined;
  return { ...viewer, zoom: panned(zoom, picture, extent, ...step) };
}
