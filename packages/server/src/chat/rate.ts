/**
 * How often one may say something: each message moves the time that is paid for, and who is too far ahead of the clock waits.
 * Pure; worker threads.
 */

import { limits } from '@ferry/protocol';

const eachMs = 1000 / limits.chatPerSecond;
const aheadMs = eachMs * limits.chatBurst;

export type Charge = {
  /** The time that is paid for after this message; as before when it has to wait. */
  readonly paidMs: number;
  /** How long to wait with this message; 0: it may be said. */
  readonly waitMs: number;
};

/** @param paidMs as the last charge left it; 0 before the first */
export function charge(paidMs: number, nowMs: number): Charge {
  // A clock that was put back must silence nobody.
  const isSound = paidMs <= nowMs + aheadMs;
  const after = Math.max(isSound ? paidMs : nowMs, nowMs) + eachMs;
  const over = after - nowMs - aheadMs;
  return over > 0 ? { paidMs, waitMs: Math.ceil(over) } : { paidMs: after, waitMs: 0 };
}
