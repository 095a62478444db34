/**
 * A crowd before a server, in a thread of its own so that whoever measures is not held up by it: sockets that say nothing, logins by
 * password, or sessions that do nothing. Started by crowds.ts; tells what it did when it is asked to end.
 */

import { sign } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { FerryError, limits } from '@ferry/protocol';
import { password, protocolVersion } from '@ferry/protocol/messages';
import { loginText } from '@ferry/protocol/session';
import { connect, logInto, newDevice, type TestSession } from '../support/client.ts';

export type Crowd = {
  readonly kind: 'silent' | 'logins' | 'idle';
  readonly port: number;
  /** At once; of logins: in a second. */
  readonly many: number;
};

export type CrowdSaid =
  /** As many are there as were wanted; of logins: the first was tried. */
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'over';
      /** Sockets that were closed, logins that were answered, sessions that were lost. */
      readonly ended: number;
      /** Answers by what they said. */
      readonly answers: Readonly<Record<string, number>>;
      /** The age that the oldest of those silent reached, milliseconds. */
      readonly oldestMs: number;
    };

const { kind, port, many } = workerData as Crowd;
const host = '127.0.0.1';
const answers: Record<string, number> = {};
let ended = 0;
let oldestMs = 0;
let isOver = false;
const awayMs = 10_000;
const say = (said: CrowdSaid): void => parentPort?.postMessage(said);
const count = (answer: string): void => {
  ended += 1;
  answers[answer] = (answers[answer] ?? 0) + 1;
};

/** Strangers from many addresses: this machine's first one is trusted. */
function addressOf(number: number): string {
  return `127.0.${1 + (Math.floor(number / 250) % 250)}.${1 + (number % 250)}`;
}

/** As many as are wanted; who is sent away comes again ten seconds later. */
async function silent(): Promise<void> {
  let open = 0;
  const come = (number: number): void => {
    if (isOver) return;
    const cameMs = performance.now();
    const socket = connectTcp({ host, port, localAddress: addressOf(number) });
    open += 1;
    socket.on('error', () => {});
    socket.resume();
    socket.once('close', () => {
      open -= 1;
      ended += 1;
      oldestMs = Math.max(oldestMs, performance.now() - cameMs);
      setTimeout(() => come(number), awayMs).unref();
    });
  };
  for (let came = 0; came < many; came += 250) {
    for (let number = came; number < came + 250; number++) come(number);
    await rest(50);
  }
  say({ kind: 'ready' });
  while (!isOver || open > 0) await rest(20);
}

async function tryPassword(number: number): Promise<void> {
  const device = newDevice();
  try {
    const channel = await connect({ host, port, localAddress: addressOf(number) });
    try {
      await channel.call(password, {
        version: protocolVersion,
        features: 0,
        client: 'bench',
        user: `user ${number % 1000}`,
        password: 'guess',
        deviceKey: device.publicKey,
        signature: sign(null, loginText(channel.link), device.privateKey),
      });
    } finally {
      channel.close();
    }
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    count(error.codeName);
  }
}

async function logins(): Promise<void> {
  const began = performance.now();
  const under = new Set<Promise<void>>();
  say({ kind: 'ready' });
  for (let tried = 0; !isOver; await rest(10)) {
    while (tried < ((performance.now() - began) / 1000) * many) {
      const one = tryPassword(tried++).finally(() => under.delete(one));
      under.add(one);
    }
  }
  await Promise.all(under);
}

async function idle(): Promise<void> {
  const sessions: TestSession[] = [];
  while (sessions.length < Math.min(many, limits.connections - 1)) {
    const some = Math.min(50, many - sessions.length);
    sessions.push(...(await Promise.all(Array.from({ length: some }, () => logInto({ host, port })))));
  }
  say({ kind: 'ready' });
  while (!isOver) await rest(50);
  ended = sessions.filter(({ channel }) => channel.ended !== undefined).length;
  for (const { channel } of sessions) channel.close();
}

const work = { silent, logins, idle }[kind]();
if (parentPort !== null) await once(parentPort, 'message');
isOver = true;
await work;
say({ kind: 'over', ended, answers, oldestMs });
