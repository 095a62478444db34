/** The trash for the browser: commands to the engine, what came of them to messages. UI thread. */

import type { Engine } from '../engine/engine.ts';
import { atServer, type Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
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
