/**
 * The one thread that writes the files which several servers keep together: it has a line to the bus of its own, so that writing to a disk
 * holds up nobody who accepts or serves. Started by shared-state.ts.
 */

import { parentPort, workerData } from 'node:worker_threads';
import { FerryError, toWireError, type WireError } from '@ferry/protocol';
import { openAccessReplica } from '../access/access-replica.ts';
import type { BusConfig } from '../bus/bus-address.ts';
import { connectToNats } from '../bus/nats-connection.ts';
import { NatsLog } from '../bus/nats-log.ts';
import { answerOf, type ErrandAnswer } from './errands.ts';
import { Freshness } from './freshness.ts';
import { Replica } from './replica.ts';

export type ReplicaThreadSetup = {
  readonly bus: BusConfig;
  readonly accessFile: string;
  readonly freshness: SharedArrayBuffer;
};

/** What is kept together. */
export type Shared = 'accounts';

export type ToReplica = { readonly id: number; readonly what: Shared; readonly order: Uint8Array };

export type FromReplica =
  | { readonly kind: 'ready' }
  /** It cannot begin. */
  | { readonly kind: 'failed'; readonly why: WireError }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ErrandAnswer }
  /** undefined: not any more. */
  | { readonly kind: 'trouble'; readonly why: string | undefined };

if (parentPort === null) throw new Error('this file runs in a worker thread');
const port = parentPort;
const send = (message: FromReplica): void => port.postMessage(message);
const { bus, accessFile, freshness: memory } = workerData as ReplicaThreadSetup;

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
  port.on('message', ({ id, order }: ToReplica) => {
    void answerOf(() => replica.change(Buffer.from(order))).then((answer) =>
      send({ kind: 'answer', id, answer }),
    );
  });
  send({ kind: 'ready' });
} catch (error) {
  if (!(error instanceof FerryError)) throw error;
  send({ kind: 'failed', why: toWireError(error) });
  port.close();
}
