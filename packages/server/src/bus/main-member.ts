/** The main thread on the bus of its own threads. */

import type { Bus } from './bus.ts';
import type { BusHub, Membership } from './hub.ts';
import { ThreadBus } from './thread-bus.ts';

/** @param plain what it is called, among all members of this process */
export function memberOf(hub: BusHub, plain: string): Bus {
  const name = hub.nameOf(plain);
  let membership: Membership | undefined;
  const bus = new ThreadBus(name, (parcel) => queueMicrotask(() => membership?.receive(parcel)));
  membership = hub.join(name, (parcel) => queueMicrotask(() => bus.receive(parcel)));
  return bus;
}
