/** Pictures in the viewer: the one that comes, and the next one of its folder. Pure; UI thread. */

import { baseName, EntryKind, type Facts, type Name, type Path, parentPath, samePath } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import { viewerTexts } from './file-texts.ts';
import { paneRows } from './layout.ts';
import type { Next } from './next.ts';
import { headRows, type Pane, withCursor } from './pane.ts';
import { isPictureName, type Picture } from './picture.ts';
import type { AppState } from './state.ts';
import { newViewer, type Viewer, withPicture } from './viewer.ts';

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
