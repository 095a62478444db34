/** How fast the file bytes of one lane may go: as its account's rates say. Worker threads. */

import type { Pacing } from '@ferry/protocol/session';
import { type Pace, Way } from '../access/pace.ts';
import type { Meters } from '../metrics/meters.ts';
import type { SessionContext } from './context.ts';

/** File bytes are paced, on lanes; what the browser shows must not wait behind them. */
export function pacingOf(
  { principal, standing }: SessionContext,
  pace: Pace,
  meters: Meters,
): Pacing | undefined {
  const id = principal.account?.id;
  if (id === undefined) return undefined;
  const charge = (way: Way, bytes: number, rate: number | undefined): number => {
    const ms = pace.charge(id, way, bytes, rate);
    if (ms > 0) meters.waited(ms);
    return ms;
  };
  return {
    received: (bytes) => charge(Way.up, bytes, standing.bounds().upRate),
    sent: (bytes) => charge(Way.down, bytes, standing.bounds().downRate),
  };
}
