/** Everything that crosses between the main thread and the one that watches folders. One union per direction. */

import type { WireError } from '@ferry/protocol';
import type { FromHub, ToHub } from '../bus/parcel.ts';

/** What the thread is born with. */
export type WatchSetup = {
  /** What is shared. */
  readonly folder: string;
  /** Folders are read now and then, whatever the system could say. */
  readonly polls: boolean;
  readonly busMember: string;
};

export type ToWatcher =
  /** `key` as folder-subject.ts has it; `id` of the answer. Asked for again only after it was left or is over. */
  | { readonly kind: 'want'; readonly key: string; readonly id: number }
  | { readonly kind: 'leave'; readonly key: string }
  | { readonly kind: 'bus'; readonly parcel: FromHub };

export type FromWatcher =
  | { readonly kind: 'watched'; readonly key: string; readonly id: number; readonly answer: Watched }
  /** It was watched, and has gone; those who listened have been told. */
  | { readonly kind: 'over'; readonly key: string }
  | { readonly kind: 'bus'; readonly parcel: ToHub };

/** How often the folder is read, 0 where the system says what changes; or why it cannot be watched. */
export type Watched = { readonly pollMs: number } | WireError;
