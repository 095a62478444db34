/** How fast the file bytes of one lane may go: as its account's rates say, and what the owner has told of its session. Worker threads. */

import type { Pacing } from '@ferry/protocol/session';
import { type Pace, Way } from '../access/pace.ts';
import { payerOf } from '../access/principal.ts';
import type { Meters } from '../metrics/meters.ts';
import type { SessionContext } from './context.ts';
import type { SessionRules } from './session-rules.ts';

export type PacingOpts = {
  readonly pace: Pace;
  readonly meters: Meters;
  readonly sessionRules: SessionRules;
};

/** File bytes are paced, on lanes; what the browser shows must not wait behind them. */
export function pacingOf(
  { principal, standing, sessionId }: Pick<SessionContext, 'principal' | 'standing' | 'sessionId'>,
  { pace, meters, sessionRules }: PacingOpts,
): Pacing {
  const { account } = principal;
  const id = account === undefined ? undefined : payerOf(account, principal.root).id;
  const charge = (way: Way, bytes: number): number => {
    const { upRate, downRate } = standing.bounds();
    const rate = way === Way.up ? upRate : downRate;
    const slowed = sessionRules.slowed(sessionId);
    const ms = Math.max(
      id === undefined ? 0 : pace.charge(id, way, bytes, rate),
      slowed === undefined
        ? 0
        : pace.charge(slowed.pacer, way, bytes, way === Way.up ? slowed.up : slowed.down),
    );
    if (ms > 0) meters.waited(ms);
    return ms;
  };
  return { received: (bytes) => charge(Way.up, bytes), sent: (bytes) => charge(Way.down, bytes) };
}
