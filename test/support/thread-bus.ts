/** A hub and members of the bus within one thread, each joined through a real message channel, as between threads. */

import { MessageChannel } from 'node:worker_threads';
import { BusHub } from '../../packages/server/src/bus/hub.ts';
import type { FromHub, ToHub } from '../../packages/server/src/bus/parcel.ts';
import { ThreadBus } from '../../packages/server/src/bus/thread-bus.ts';
import type { BusNet } from '../suites/bus.suite.ts';

export function threadNet(): BusNet & { readonly hub: BusHub } {
  const hub = new BusHub();
  const ends: (() => void)[] = [];
  const heldBy = new Map<string, FromHub[] | undefined>();
  const leave = new Map<string, () => void>();
  let next = 1;
  return {
    hub,
    join: async () => {
      const name = `member-${next++}`;
      const { port1, port2 } = new MessageChannel();
      const membership = hub.join(name, (parcel) => port1.postMessage(parcel));
      port1.on('message', (parcel: ToHub) => membership.receive(parcel));
      const bus = new ThreadBus(name, (parcel) => port2.postMessage(parcel));
      port2.on('message', (parcel: FromHub) => {
        const held = heldBy.get(name);
        if (held === undefined) bus.receive(parcel);
        else held.push(parcel);
      });
      ends.push(() => port1.close());
      leave.set(name, () => {
        port1.close();
        membership.leave();
      });
      return bus;
    },
    kill: (bus) => leave.get(bus.member)?.(),
    hold: (bus) => {
      const held: FromHub[] = [];
      heldBy.set(bus.member, held);
      return {
        bytes: () => held.reduce((sum, one) => sum + (one.what === 'message' ? one.body.length : 0), 0),
        release: () => {
          heldBy.delete(bus.member);
          for (const parcel of held) (bus as ThreadBus).receive(parcel);
        },
      };
    },
    done: () => {
      for (const end of ends) end();
    },
  };
}
