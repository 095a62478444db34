/** The file of what was said as one of several servers'. Used by replica-thread.ts. */

import { createHash } from 'node:crypto';
import { messageIdBytes } from '@ferry/protocol/messages';
import { orderIn } from '../replica/declared.ts';
import { ReplicaFile } from '../replica/replica-file.ts';
import type { ChatHistory } from './chat-history.ts';
import type { ChatRing } from './chat-hub.ts';
import { chatOperations } from './operations.ts';

/** @param ring something was said, by whomever and wherever; undefined: in any room */
export function chatReplica(
  path: string,
  history: ChatHistory,
  ring: (ring: ChatRing | undefined) => void,
): ReplicaFile<ChatHistory> {
  const { database } = history;
  return new ReplicaFile({
    path,
    database,
    operations: chatOperations,
    file: history,
    isEmpty: () => database.prepare('select 1 from room limit 1').get() === undefined,
    onJoined: (cluster) => {
      // The same on all of them: a client that comes to another server has to find its messages again.
      const generation = createHash('sha256').update(cluster).digest().subarray(0, messageIdBytes);
      database.prepare('update state set generation = ?').run(generation);
    },
    onDone: (order, answer) => {
      const said = orderIn(chatOperations, 'say', order, answer);
      if (said?.answer.isNew !== true) return;
      const { room } = said.order.say;
      ring({ room, pair: history.pairOf(room) });
    },
    onElse: () => ring(undefined),
    onReplaced: () => {},
  });
}
