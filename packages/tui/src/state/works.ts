/**
 * Long work inside of a server, or of this machine: what is under way, how far it is, and stopping it. It is no job: it is
 * not kept, and ends with this ferry. Pure; UI thread.
 */

import { type Shown, show } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';
import type { Where } from '../engine/engine.ts';
import { keyName } from '../keymap/key-name.ts';
import { keyOf } from '../keymap/resolve.ts';
import type { Next } from './next.ts';
import type { Pane } from './pane.ts';
import type { AppState } from './state.ts';
import { notices, workTexts } from './texts.ts';

export type WorkVerb = 'copy' | 'move' | 'trash' | 'remove' | 'restore' | 'unpack';

export type Work = {
  /** As the effects number them. */
  readonly id: number;
  readonly where: Where;
  readonly verb: WorkVerb;
  /** A name, or how many. */
  readonly what: Shown;
  readonly files: number;
  readonly bytes: number;
  /** undefined where nobody has counted: there are folders among it. */
  readonly totalBytes: number | undefined;
  readonly isStopping: boolean;
};

/** What was told of a work stays when more is told of it. */
export function withWork(state: AppState, work: Work): AppState {
  const before = state.works.find(({ id }) => id === work.id);
  if (before === undefined) return { ...state, works: [...state.works, work] };
  const now = { ...work, isStopping: before.isStopping };
  return { ...state, works: state.works.map((one) => (one === before ? now : one)) };
}

export function withoutWork(state: AppState, id: number): AppState {
  return { ...state, works: state.works.filter((work) => work.id !== id) };
}

/** The one that is spoken of, and that the key stops. */
export function workAhead({ works }: AppState): Work | undefined {
  return works.find(({ isStopping }) => !isStopping) ?? works[0];
}

/** Ends the work that is spoken of; with none, the search of this pane. */
export function stopWork(state: AppState, pane: Pane): Next {
  const work = workAhead(state);
  if (work !== undefined) {
    const works = state.works.map((one) => (one === work ? { ...one, isStopping: true } : one));
    return [{ ...state, works }, [{ kind: 'stop-work', id: work.id }]];
  }
  if (isSearching(pane)) return [state, [{ kind: 'stop-find', side: pane.side }]];
  return [{ ...state, notice: { text: notices.nothingToStop, isError: false } }, []];
}

export function isSearching({ found, loading }: Pane): boolean {
  return found !== undefined && loading;
}

/** For the frame of the queue; '' while nothing is done. */
export function workWords(state: AppState, dot: string): string {
  const work = workAhead(state);
  if (work === undefined) return '';
  const { verb, what, files, bytes, totalBytes, isStopping } = work;
  const doing = `${workTexts.doing[verb]} ${what}`;
  const far =
    totalBytes !== undefined && totalBytes > 0
      ? workTexts.share(Math.min(1, bytes / totalBytes), prettyBytes(bytes), prettyBytes(totalBytes))
      : workTexts.soFar(files, prettyBytes(bytes));
  const key = keyName(keyOf(state.keymap, 'pane', 'stop-work'));
  return [
    doing,
    far,
    isStopping ? workTexts.stopping : workTexts.stops(show(key)),
    ...(state.works.length > 1 ? [workTexts.more(state.works.length - 1)] : []),
  ].join(` ${dot} `);
}
