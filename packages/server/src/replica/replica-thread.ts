/**
 * The one thread that writes the files which several servers keep together: it has a line to the bus of its own, so that writing to a disk
 * holds up nobody who accepts or serves. Started by shared-state.ts.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { Code, FerryError, toWireError, type WireError } from '@ferry/protocol';
import { openAccessReplica } from '../access/access-replica.ts';
import type { BusConfig } from '../bus/bus-address.ts';
import { connectToNats, type NatsLine } from '../bus/nats-connection.ts';
import { NatsLog } from '../bus/nats-log.ts';
import { ChatHistory } from '../chat/chat-history.ts';
import type { ChatRing } from '../chat/chat-hub.ts';
import { chatReplica } from '../chat/chat-replica.ts';
import { answerOf, type ErrandAnswer } from './errands.ts';
import { Freshness } from './freshness.ts';
import { Replica } from './replica.ts';

export type ReplicaThreadSetup = {
  readonly bus: BusConfig;
  readonly accessFile: string;
  /** undefined: there is no chat. */
  readonly chatFile: string | undefined;
  readonly freshness: SharedArrayBuffer;
};

/** What is kept together. */
export type Shared = 'accounts' | 'chat';

export type ToReplica = { readonly id: number; readonly what: Shared; readonly order: Uint8Array };

export type FromReplica =
  /** `chat`: why that is not one of theirs. */
  | { readonly kind: 'ready'; readonly chat: WireError | undefined }
  /** Something was said, by whomever and wherever; undefined: in any room. */
  | { readonly kind: 'said'; readonly ring: ChatRing | undefined }
  /** It cannot begin. */
  | { readonly kind: 'failed'; readonly why: WireError }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ErrandAnswer }
  /** undefined: not any more. */
  | { readonly kind: 'trouble'; readonly why: string | undefined };

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const send = (message: FromReplica): void => port.postMessage(message);
const { bus, accessFile, chatFile, freshness: memory } = workerData as ReplicaThreadSetup;

try {
  const line = await connectToNats(bus, { name: 'ferryd: what servers share' });
  const freshness = new Freshness(memory);
  const replica = new Replica(openAccessReplica(accessFile).replica, {
    log: new NatsLog(line, { name: bus.name, what: 'accounts' }),
    now: () => freshness.nowMs,
    onFresh: (ms) => freshness.is(ms),
    onTrouble: (why) => send({ kind: 'trouble', why }),
  });
  await replica.start();
  const chat = await joinChat(line);
  port.on('message', ({ id, what, order }: ToReplica) => {
    const change = async (): Promise<Buffer> => {
      if (what === 'accounts') return replica.change(Buffer.from(order));
      if (chat instanceof FerryError) throw chat;
      return chat.change(Buffer.from(order));
    };
    void answerOf(change).then((answer) => send({ kind: 'answer', id, answer }));
  });
  send({ kind: 'ready', chat: chat instanceof FerryError ? toWireError(chat) : undefined });
} catch (error) {
  if (!(error instanceof FerryError)) throw error;
  send({ kind: 'failed', why: toWireError(error) });
  port.close();
}

/** Whatever is wrong with the chat, accounts are kept. @returns why it is not one of theirs */
async function joinChat(line: NatsLine): Promise<Replica<ChatHistory> | FerryError> {
  if (chatFile === undefined) return new FerryError(Code.FORBIDDEN, 'there is no chat here');
  try {
    const history = new ChatHistory(chatFile);
    const file = chatReplica(chatFile, history, (ring) => send({ kind: 'said', ring }));
    // Of trouble the accounts tell: it is the same line.
    const chat = new Replica(file, { log: new NatsLog(line, { name: bus.name, what: 'chat' }) });
    await chat.start();
    return chat;
  } catch (error) {
    if (error instanceof FerryError) return error;
    throw error;
  }
}
