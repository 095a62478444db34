/** One's own shares for the browser: commands to the engine, what came of them to messages. UI thread. */

import type { Engine } from '../engine/engine.ts';
import { atServer, type Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { wire } from './wire.ts';

type ShareCmd = Cmd & { readonly kind: 'make-share' | 'list-shares' | 'end-share' };

const doings = {
  'make-share': 'sharing',
  'list-shares': 'listing your shares',
  'end-share': 'ending the share',
} as const;

/** Resolves when the message is posted. */
export async function runShares(engine: Engine, post: (msg: Msg) => void, cmd: ShareCmd): Promise<void> {
  const { shares } = engine.at(cmd.where);
  try {
    if (cmd.kind === 'make-share') {
      post({ kind: 'share-made', made: await shares.make(cmd.wish) });
      return;
    }
    if (cmd.kind === 'end-share') await shares.end(cmd.id);
    post({ kind: 'shares', rows: await shares.list(), ...atServer(cmd) });
  } catch (error) {
    post({ kind: 'failed', doing: doings[cmd.kind], error: wire(error) });
  }
}
