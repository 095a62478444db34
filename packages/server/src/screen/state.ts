/** All that the screen knows, and what can happen to it. Pure; used by the screen. */

import type { Shown } from '@ferry/protocol';
import type { RecentLine } from '../recent-lines.ts';
import type { Order } from '../supervisor/order.ts';
import type { ServerStatus } from '../supervisor/status.ts';
import type { WholeStatus } from '../whole-status.ts';
import type { Size } from './layout.ts';
import type { Look, Person, Sample } from './sample.ts';

export const sorts = ['since', 'down', 'up', 'name'] as const;
export type Sort = (typeof sorts)[number];

/** What is typed for, or asked about. */
export type Asked =
  /** One session, or all of an account. */
  | { readonly what: 'kick'; readonly whole: boolean; readonly of: Person }
  | { readonly what: 'limit'; readonly whole: boolean; readonly of: Person; readonly text: string }
  | { readonly what: 'tell'; readonly of: Person; readonly text: string };

export type Notice = { readonly text: Shown; readonly isError: boolean };

export type ScreenState = {
  readonly size: Size;
  /** How many servers there are to look at, and which one it is. */
  readonly servers: number;
  readonly which: number;
  /** What the server said last, of itself and of those that it belongs together with; undefined: nothing yet. */
  readonly told: ServerStatus | undefined;
  /** The one of those that is looked at; undefined: all together. */
  readonly focus: string | undefined;
  /** What is shown of that. */
  readonly status: WholeStatus | undefined;
  readonly sample: Sample | undefined;
  /** The last few looks, that one included; the newest last. */
  readonly looks: readonly Look[];
  /** Bytes a second, a sample for each look; the newest last. */
  readonly history: { readonly down: readonly number[]; readonly up: readonly number[] };
  readonly log: readonly RecentLine[];
  readonly sort: Sort;
  /** The session that keys are about. */
  readonly chosen: string | undefined;
  readonly asked: Asked | undefined;
  readonly notice: Notice | undefined;
  /** The server has gone. */
  readonly isLost: boolean;
};

export type ScreenMsg =
  | { readonly kind: 'key'; readonly key: string; readonly text: string | undefined }
  | { readonly kind: 'size'; readonly size: Size }
  | { readonly kind: 'status'; readonly status: ServerStatus; readonly nowMs: number }
  | { readonly kind: 'log'; readonly lines: readonly RecentLine[] }
  /** Another server is looked at, or the same one again. */
  | { readonly kind: 'server'; readonly servers: number; readonly which: number }
  | { readonly kind: 'lost' }
  /** What came of something that was asked for. */
  | { readonly kind: 'said'; readonly notice: Notice };

export type ScreenCmd =
  | { readonly kind: 'order'; readonly order: Order; readonly done: Shown }
  | { readonly kind: 'next-server' }
  /** `end`: the server too, where it is ours. */
  | { readonly kind: 'quit'; readonly end: boolean };

/** Samples that are kept: more than the widest graph has room for. */
export const historyLength = 600;
export const logLength = 200;

export function firstState(size: Size): ScreenState {
  return {
    size,
    servers: 1,
    which: 0,
    told: undefined,
    focus: undefined,
    status: undefined,
    sample: undefined,
    looks: [],
    history: { down: [], up: [] },
    log: [],
    sort: 'since',
    chosen: undefined,
    asked: undefined,
    notice: undefined,
    isLost: false,
  };
}

/** In the order in which they are shown. */
export function peopleOf({ sample, sort }: ScreenState): readonly Person[] {
  const people = sample?.people ?? [];
  const compare: Readonly<Record<Sort, (a: Person, b: Person) => number>> = {
    since: (a, b) => a.sinceMs - b.sinceMs,
    down: (a, b) => b.downRate - a.downRate,
    up: (a, b) => b.upRate - a.upRate,
    name: (a, b) => (a.user < b.user ? -1 : a.user > b.user ? 1 : 0),
  };
  return people.toSorted(
    (a, b) => compare[sort](a, b) || a.sinceMs - b.sinceMs || (a.sessionId < b.sessionId ? -1 : 1),
  );
}

/** Whom keys are about: the chosen one, or who stands first. */
export function chosenOf(state: ScreenState): Person | undefined {
  const people = peopleOf(state);
  return people.find(({ sessionId }) => sessionId === state.chosen) ?? people[0];
}
