/**
 * Who is let in to say hello when there are as many strangers as there may be. Pure; main thread.
 *
 * An address that holds many places gives way to one that holds few; otherwise who has said nothing for a while gives way, as
 * honest clients speak at once. Nobody who is about to log in has to go for somebody new: a crowd of honest ones would keep
 * throwing each other out.
 */

import { limits } from '@ferry/protocol';

export type Stranger = {
  /** As from sourceKey. */
  readonly source: string;
  /** On the same clock as `nowMs`. */
  readonly sinceMs: number;
  /** A byte has come. */
  readonly hasSpoken: boolean;
};

export type Admission<Id> =
  /** `instead` has to go, if given. */
  { readonly kind: 'admit'; readonly instead?: Id } | { readonly kind: 'refuse' };

/** An address with fewer strangers than this is no crowd. */
const crowd = 20;

/** @param strangers in the order in which they came */
export function admission<Id>(
  strangers: ReadonlyMap<Id, Stranger>,
  source: string,
  nowMs: number,
  most: number = limits.strangers,
): Admission<Id> {
  if (strangers.size < most) return { kind: 'admit' };
  const counts = new Map<string, number>();
  for (const stranger of strangers.values())
    counts.set(stranger.source, (counts.get(stranger.source) ?? 0) + 1);
  const [largest, count] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a), ['', 0]);
  const isCrowd = count > Math.max(crowd, 2 * (counts.get(source) ?? 0));
  const leaver =
    (isCrowd ? first(strangers, (one) => one.source === largest && !one.hasSpoken) : undefined) ??
    (isCrowd ? first(strangers, (one) => one.source === largest) : undefined) ??
    first(strangers, (one) => !one.hasSpoken && nowMs - one.sinceMs >= limits.silentMs);
  return leaver === undefined ? { kind: 'refuse' } : { kind: 'admit', instead: leaver };
}

function first<Id>(strangers: ReadonlyMap<Id, Stranger>, is: (one: Stranger) => boolean): Id | undefined {
  for (const [id, stranger] of strangers) if (is(stranger)) return id;
  return undefined;
}
