/** Under which handle each lane knows one upload, from the moment it was asked to until it has left. Held by outgoing.ts; I/O thread. */

import { discard } from '@ferry/protocol/messages';
import type { ClientChannel } from '@ferry/protocol/session';
import type { Lane } from '../client/lanes.ts';

export type LaneHandle = {
  readonly handle: number;
  /** Resolves when the server has agreed. What is sent behind the request is in its place all the same. */
  readonly opened: Promise<void>;
};

export class LaneHandles {
  readonly #open = new Map<ClientChannel, LaneHandle>();

  /** The lane's, or a new one that `open` asks the server for. */
  of(lane: Lane, open: (handle: number) => Promise<void>): LaneHandle {
    const known = this.#open.get(lane.channel);
    if (known !== undefined) return known;
    const handle = lane.nextHandle();
    const made = { handle, opened: open(handle) };
    this.#open.set(lane.channel, made);
    made.opened.catch(() => {
      if (this.#open.get(lane.channel) === made) this.#open.delete(lane.channel);
    });
    return made;
  }

  has(lane: Lane): boolean {
    return this.#open.has(lane.channel);
  }

  /** The server ends this one by itself. */
  forget(lane: Lane): void {
    this.#open.delete(lane.channel);
  }

  forgetAll(): void {
    this.#open.clear();
  }

  /** Every lane forgets the upload; what the server has is kept for another time, or given up. */
  async leaveAll(keep: boolean): Promise<void> {
    const all = [...this.#open];
    this.#open.clear();
    // The last gives up what the others kept. Those go at once: one after the other is a round trip for each lane.
    const last = keep ? undefined : all.pop();
    await Promise.all(all.map((each) => leave(each, true)));
    if (last !== undefined) await leave(last, false);
  }
}

async function leave([channel, one]: readonly [ClientChannel, LaneHandle], keep: boolean): Promise<void> {
  if (channel.ended !== undefined) return;
  try {
    await one.opened;
    await channel.call(discard, { handle: one.handle, keep });
  } catch {
    // The lane or the handle is gone, and the transfer with it as far as this lane is concerned.
  }
}
