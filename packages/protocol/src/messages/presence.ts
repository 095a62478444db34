/**
 * who: the people that are here, as far as one may know of them, and from then on an event when that changes. activity: what one lets
 * others see of oneself; nothing until it is said.
 */

import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import {
  array,
  byteText,
  flag,
  integer,
  oneOf,
  optional,
  path,
  type Shape,
  text,
  tuple,
} from '../wire/shape.ts';

export const Way = { up: 0, down: 1 } as const;
export type Way = (typeof Way)[keyof typeof Way];

/** A file or folder that moves; the path is the server's. */
export type Moving = { readonly way: Way; readonly path: Path };

/** What somebody lets others see. */
export type Activity = {
  /** The folder that they look at. */
  readonly folder: Path | undefined;
  /** Some of what moves… */
  readonly moving: readonly Moving[];
  /** …of so many. */
  readonly movingCount: number;
};

export type Person = {
  /** 8 bytes as a byte string; of this session alone. */
  readonly id: string;
  /** The account's name; foreign text, as the next. */
  readonly user: string;
  /** What the client calls itself. */
  readonly client: string;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** It is the session that asks. */
  readonly isSelf: boolean;
  readonly activity: Activity | undefined;
};

export const activityShape: Shape<Activity> = tuple({
  folder: optional(path),
  moving: array(tuple<Moving>({ way: oneOf(Way.up, Way.down), path }), limits.shownMoves),
  movingCount: integer(0, 1_000_000),
});

export const personShape: Shape<Person> = tuple({
  id: byteText(8, 8),
  user: text(limits.textBytes),
  client: text(limits.textBytes),
  sinceMs: integer(),
  isSelf: flag,
  activity: optional(activityShape),
});

/** The parts together: whoever was here longest first. */
export const who = operation<Record<never, never>, Record<never, never>, { person: Person }>({
  kind: Kind.who,
  request: tuple({}),
  part: tuple({ person: personShape }),
});

/** undefined: nothing any more. */
export const activity = operation<{ activity: Activity | undefined }>({
  kind: Kind.activity,
  request: tuple({ activity: optional(activityShape) }),
});
