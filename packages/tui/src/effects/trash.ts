/** The trash for the browser: commands to the engine, what came of them to messages. UI thread. */

import { Code, FerryError, parentPath } from '@ferry/protocol';
import type { Engine } from '../engine/engine.ts';
import type { ServerTrash, TrashRow } from '../engine/server-trash.ts';
import { atServer, type Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { markOf, type Ruled, replacedSince } from '../state/replacing.ts';
import { wire } from './wire.ts';

/** Resolves when the message is posted. */
export async function runTrash(
  engine: Engine,
  post: (msg: Msg) => void,
  cmd: Cmd & { readonly kind: 'list-trash' | 'drop-trash' },
): Promise<void> {
  const { trash } = engine.at(cmd.where);
  try {
    if (cmd.kind === 'drop-trash') await trash.drop(cmd.id);
    post({ kind: 'trash', rows: await trash.list(), ...atServer(cmd) });
  } catch (error) {
    const doing = cmd.kind === 'list-trash' ? 'looking into the trash' : 'deleting for good';
    post({ kind: 'failed', doing, error: wire(error) });
  }
}

/** The newest; more came in the same millisecond as good as never. */
const markRows = 64;
/** What is told later than that is of no use; milliseconds. */
const markMs = 15_000;

/** Sessions that may break one after the other. */
const mostTries = 3;

/**
 * Asks what the trashes have, and then lets uploads replace files by a rule. The answer does not wait: a question that has waited on
 * may be another one. The trash is asked over the connection that is there, before anything can have been replaced over the lanes.
 */
export function withMarks(
  engine: Engine,
  post: (msg: Msg) => void,
  rules: readonly Ruled[] | undefined,
  then: () => void,
): void {
  const signal = AbortSignal.timeout(markMs);
  for (const ruled of rules ?? []) {
    void listed(engine.at(ruled.where).trash, { signal, most: markRows }).then((rows) => {
      if (rows !== undefined) post({ kind: 'ruled', rule: { ...ruled, mark: markOf(rows) } });
    });
  }
  then();
}

/** What cannot be found cannot be taken back, and is in the list of the trash all the same. */
export async function findReplaced(
  engine: Engine,
  post: (msg: Msg) => void,
  { where, target, mark }: Cmd & { readonly kind: 'find-replaced' },
): Promise<void> {
  const rows = (await listed(engine.at(where).trash, {})) ?? [];
  const found = replacedSince(rows, target, mark);
  const ids = found.map(({ id }) => id);
  const folders = found.map(({ path }) => parentPath(path));
  if (ids.length > 0) post({ kind: 'did', undo: { kind: 'replaced', where, ids, folders } });
}

/** Over the next session where one breaks meanwhile; undefined where there is nothing to be had. */
async function listed(
  trash: ServerTrash,
  opts: { readonly signal?: AbortSignal; readonly most?: number },
): Promise<readonly TrashRow[] | undefined> {
  for (let left = mostTries; left > 0; left--) {
    try {
      return await trash.list(opts);
    } catch (error) {
      const isOfLine = error instanceof FerryError && error.code === Code.CONNECTION_LOST;
      if (!isOfLine || opts.signal?.aborted === true) return undefined;
    }
  }
  return undefined;
}
