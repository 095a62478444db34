/** What is said on the status socket: lines of JSON, from whoever asks and from the server. Types; main thread. */

import type { RecentLine } from '../recent-lines.ts';
import type { Order } from './order.ts';
import type { ServerStatus } from './status.ts';

export type ToServer =
  /** Answered once; then the server closes. */
  | { readonly say: 'status' }
  /** From now on the log, and the status about once a second. */
  | { readonly say: 'watch' }
  /** Answered with `done` or `failed` of the same number. */
  | { readonly say: 'order'; readonly id: number; readonly order: Order };

export type FromServer =
  | { readonly say: 'status'; readonly status: ServerStatus }
  | { readonly say: 'log'; readonly lines: readonly RecentLine[] }
  | { readonly say: 'done'; readonly id: number }
  | { readonly say: 'failed'; readonly id: number; readonly why: string };

/** A question is no longer than this, bytes. */
export const longestQuestion = 8192;
