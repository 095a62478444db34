/** What moves, as people see it: a file with all of its lanes. Pure; `ferryd status` and the screen, main thread. */

import type { Shown } from '@ferry/protocol';
import type { Moving } from './worker/transfers.ts';

/** A file on its way over all its lanes, or a long work. */
export type FileOnItsWay = {
  /** The same at each look. */
  readonly key: string;
  /** Hex. */
  readonly sessionId: string;
  readonly verb: Moving['verb'];
  readonly path: Shown;
  /** Small files that move together; `path` is their folder then. */
  readonly files: number | undefined;
  /** Bytes in all, where that is known. */
  readonly size: number | undefined;
  /** Bytes so far. */
  readonly done: number;
  /** Milliseconds since it began, and since anything of it moved. */
  readonly ms: number;
  readonly quietMs: number;
};

export function filesOnTheirWay(moving: readonly Moving[]): readonly FileOnItsWay[] {
  const groups = Map.groupBy(moving, ({ sessionId, verb, path }) => `${sessionId} ${verb} ${path}`);
  return [...groups].flatMap(([key, lanes]) => {
    const [first] = lanes;
    if (first === undefined) return [];
    const { sessionId, verb, path, files } = first;
    const size = lanes.find((lane) => lane.size !== undefined)?.size;
    const sum = lanes.reduce((total, { done }) => total + done, 0);
    return [
      {
        ...{ key, sessionId, verb, path, files, size },
        // What was sent twice counts once.
        done: size === undefined ? sum : Math.min(sum, size),
        ms: Math.max(...lanes.map(({ ms }) => ms)),
        quietMs: Math.min(...lanes.map(({ quietMs }) => quietMs)),
      },
    ];
  });
}
