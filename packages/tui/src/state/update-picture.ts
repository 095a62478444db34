/** Pictures in the viewer: the one that comes, and the next one of its folder. Pure; UI thread. */

import { baseName, EntryKind, type Facts, type Path, parentPath, samePath } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import { viewerTexts } from './file-texts.ts';
import { paneRows } from './layout.ts';
import type { Next } from './next.ts';
import { headRows, withCursor } from './pane.ts';
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
  const name = baseName(path);
  const isItsFolder = pane.where === viewer.where && samePath(pane.path, parentPath(path));
  const pictures = [...pane.rows].filter((row) => isPictureName(row.name) && row.kind === EntryKind.file);
  const at = pictures.findIndex((row) => row.name === name);
  const next = isItsFolder && at >= 0 ? pictures[at + by] : undefined;
  if (next === undefined) {
    return [
      {
        ...state,
        notice: { text: by > 0 ? viewerTexts.lastPicture : viewerTexts.firstPicture, isError: false },
      },
      [],
    ];
  }
  const cursor = pane.rows.indexOf(next.name);
  const moved = {
    ...state,
    notice: undefined,
    [side]: withCursor(pane, cursor + headRows(pane), paneRows(state.size)),
  };
  return lookAtPicture(moved, side, [...parentPath(path), next.name]);
}
