/** The trash for the browser: commands to the engine, what came of them to messages. UI thread. */

import { parentPath } from '@ferry/protocol';
import type { Engine } from '../engine/engine.ts';
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
/** Nobody waits longer for what can only be taken back; milliseconds. */
const markMs = 2000;

/** Looks at what the trashes have before `then` lets uploads replace files by a rule. A trash that does not answer holds up nothing. */
export async function withMarks(
  engine: Engine,
  post: (msg: Msg) => void,
  rules: readonly Ruled[] | undefined,
  then: () => void,
): Promise<void> {
  if (rules !== undefined) {
    const signal = AbortSignal.timeout(markMs);
    await Promise.all(
      rules.map(async (ruled) => {
        const rows = await engine
          .at(ruled.where)
          .trash.list({ signal, most: markRows })
          .catch(() => undefined);
        if (rows !== undefined) post({ kind: 'ruled', rule: { ...ruled, mark: markOf(rows) } });
      }),
    );
  }
  then();
}

/** What cannot be found cannot be taken back, and is in the list of the trash all the same. */
export async function findReplaced(
  engine: Engine,
  post: (msg: Msg) => void,
  { where, target, mark }: Cmd & { readonly kind: 'find-replaced' },
): Promise<void> {
  const rows = await engine
    .at(where)
    .trash.list()
    .catch(() => []);
  const found = replacedSince(rows, target, mark);
  const ids = found.map(({ id }) => id);
  const folders = found.map(({ path }) => parentPath(path));
  if (ids.length > 0) post({ kind: 'did', undo: { kind: 'replaced', where, ids, folders } });
}
