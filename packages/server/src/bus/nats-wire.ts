/**
 * The wire between servers over NATS: one subject for each sender, so that NATS itself can say who may speak as whom, and one for each
 * receiver. At most a window is under way: NATS says when it has taken what was sent, and until then the rest is lost, not kept. Main thread.
 */

import { limits } from '@ferry/protocol';
import type { NatsLine } from './nats-connection.ts';
import type { Wire, WireEars } from './wire.ts';

export type NatsWireOpts = {
  /** Of the servers that belong together. */
  readonly name: string;
  /** This server's, as serverIdForm has it. */
  readonly id: string;
  readonly ears: WireEars;
};

/** Resolves when NATS knows what we listen to. The line is the wire's from now on. @throws what NATS says when it breaks meanwhile */
export async function openNatsWire(line: NatsLine, { name, id, ears }: NatsWireOpts): Promise<Wire> {
  const { nats } = line;
  const top = `ferry.${name}`;
  let underWay = 0;
  let isFlushing = false;

  const hear = (subject: string, onMessage: (server: string, payload: Uint8Array) => void): void => {
    nats.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) orCrash(() => onMessage(message.subject.split('.').at(-1) ?? '', message.data));
      },
    });
  };

  // What a broken line held is gone, and so is its answer.
  const flush = async (): Promise<void> => {
    isFlushing = true;
    while (underWay > 0 && line.isUp) {
      const bytes = underWay;
      try {
        await nats.flush();
        underWay = Math.max(0, underWay - bytes);
      } catch {
        underWay = 0;
      }
    }
    isFlushing = false;
  };

  const publish = (subject: string, payload: Uint8Array): boolean => {
    if (!line.isUp || nats.isClosed() || underWay >= limits.busLineBytes) return false;
    nats.publish(subject, payload);
    underWay += payload.length + subject.length;
    if (!isFlushing) void flush();
    return true;
  };

  const stop = line.onChange((isUp) => {
    underWay = 0;
    if (isUp) ears.onMended();
  });
  hear(`${top}.all.*`, ears.onAll);
  hear(`${top}.to.${id}.*`, ears.onOwn);
  await nats.flush();
  return {
    send: (payload) => publish(`${top}.all.${id}`, payload),
    sendTo: (server, payload) => publish(`${top}.to.${server}.${id}`, payload),
    renew: () => void nats.reconnect(),
    close: async () => {
      stop();
      await line.close();
    },
  };
}

/** NATS would swallow what a listener throws, and hear nothing any more. */
function orCrash(run: () => void): void {
  try {
    run();
  } catch (error) {
    setImmediate(() => {
      throw error;
    });
  }
}
