/** A hub and members of the bus within one thread, each joined through a real message channel, as between threads. */

import { MessageChannel } from 'node:worker_threads';
import type { Bus } from '../../packages/server/src/bus/bus.ts';
import { BusHub } from '../../packages/server/src/bus/hub.ts';
import type { FromHub, ToHub } from '../../packages/server/src/bus/parcel.ts';
import { ThreadBus } from '../../packages/server/src/bus/thread-bus.ts';
import type { BusNet } from '../suites/bus.suite.ts';

export type TestMember = {
  readonly bus: Bus;
  /** Its thread dies. */
  readonly die: () => void;
  /** As BusNet. */
  readonly hold: () => { readonly bytes: () => number; readonly release: () => void };
  /** Lets go of the channel, so that the process can end. */
  readonly end: () => void;
};

export function joinHub(hub: BusHub, name: string): TestMember {
  let held: FromHub[] | undefined;
  const { port1, port2 } = new MessageChannel();
  const membership = hub.join(name, (parcel) => port1.postMessage(parcel));
  port1.on('message', (parcel: ToHub) => membership.receive(parcel));
  const bus = new ThreadBus(name, (parcel) => port2.postMessage(parcel));
  port2.on('message', (parcel: FromHub) => {
    if (held === undefined) bus.receive(parcel);
    else held.push(parcel);
  });
  return {
    bus,
    die: () => {
      port1.close();
      membership.leave();
    },
    hold: () => {
      const parcels: FromHub[] = [];
      held = parcels;
      return {
        bytes: () => parcels.reduce((sum, one) => sum + (one.what === 'message' ? one.body.length : 0), 0),
        release: () => {
          held = undefined;
          for (const parcel of parcels) bus.receive(parcel);
        },
      };
    },
    end: () => port1.close(),
  };
}

export function threadNet(): BusNet & { readonly hub: BusHub } {
  const hub = new BusHub();
  const members = new Map<string, TestMember>();
  const of = ({ member }: Bus): TestMember => members.get(member) as TestMember;
  return {
    hub,
    join: async () => {
      const name = `member-${members.size + 1}`;
      const member = joinHub(hub, name);
      members.set(name, member);
      return member.bus;
    },
    kill: (bus) => of(bus).die(),
    hold: (bus) => of(bus).hold(),
    done: () => {
      for (const { end } of members.values()) end();
    },
  };
}
