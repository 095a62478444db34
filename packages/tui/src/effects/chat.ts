/** The chat for the browser: commands to the engine, what came of them to messages. UI thread. */

import { show } from '@ferry/protocol';
import type { Engine } from '../engine/engine.ts';
import { atServer, type Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { chatTexts } from '../state/texts.ts';
import { wire } from './wire.ts';

export type ChatCmd = Cmd & {
  readonly kind: 'chat-rooms' | 'chat-join' | 'chat-leave' | 'chat-say' | 'chat-unsay' | 'chat-mute';
};

/** Resolves when what came of it is posted. */
export async function runChat(engine: Engine, post: (msg: Msg) => void, cmd: ChatCmd): Promise<void> {
  const { chat } = engine.at(cmd.where);
  const at = atServer(cmd);
  switch (cmd.kind) {
    case 'chat-rooms':
      await chat.rooms().then(
        (rooms) => post({ kind: 'chat-rooms', rooms, ...at }),
        (error: unknown) => post({ kind: 'chat-off', error: wire(error), ...at }),
      );
      break;
    case 'chat-join':
      await chat.join(cmd.ref, cmd).then(
        () => post({ kind: 'chat-joined', ref: cmd.ref, ...at }),
        (error: unknown) => post({ kind: 'chat-not-joined', ref: cmd.ref, error: wire(error), ...at }),
      );
      break;
    case 'chat-leave':
      chat.leave(cmd.ref);
      break;
    case 'chat-say':
      await chat.say(cmd.ref, cmd.text, cmd.path).catch((error: unknown) => {
        post({ kind: 'chat-not-said', ref: cmd.ref, text: cmd.text, error: wire(error), ...at });
      });
      break;
    case 'chat-unsay':
      await chat.unsay(cmd.ref, cmd.seq).catch((error: unknown) => {
        post({ kind: 'failed', doing: 'taking the line away', error: wire(error) });
      });
      break;
    case 'chat-mute':
      await chat.mute(cmd.name, cmd.ms).then(
        () => post({ kind: 'said', text: chatTexts.muted(show(cmd.name), cmd.ms) }),
        (error: unknown) => post({ kind: 'failed', doing: `muting ${show(cmd.name)}`, error: wire(error) }),
      );
  }
}
