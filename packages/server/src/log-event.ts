/**
 * What the log tells: facts as data, cheap to send between threads. Written out by log.ts. All foreign text in them is
 * `Shown` already, made so where it came in.
 */

import type { Shown } from '@ferry/protocol';

/** A person at a connection. */
export type Who = { readonly user: Shown; readonly peer: string };

export type LogEvent =
  | {
      readonly what: 'joined';
      readonly who: Who;
      readonly client: Shown;
      readonly readOnly: boolean;
      readonly by: string;
    }
  | { readonly what: 'left'; readonly who: Who; readonly ms: number; readonly why: Shown | undefined }
  /** A stranger who was not let in. */
  | { readonly what: 'refused'; readonly peer: string; readonly code: string; readonly why: Shown }
  | {
      readonly what: 'sent' | 'received';
      readonly who: Who;
      readonly path: Shown;
      /** Small files that moved together; `path` is their folder then. */
      readonly files?: number;
      readonly bytes: number;
      readonly ms: number;
    }
  | {
      readonly what: 'made' | 'removed' | 'trashed' | 'restored';
      readonly who: Who;
      readonly path: Shown;
      /** How many a folder held. */
      readonly files?: number;
    }
  /** `path`: the first of so many; `as`: what it goes by. */
  | {
      readonly what: 'shared';
      readonly who: Who;
      readonly path: Shown;
      readonly files: number;
      readonly as: Shown;
    }
  /** An owner, from afar. */
  | { readonly what: 'administered'; readonly who: Who; readonly text: Shown }
  | { readonly what: 'unshared'; readonly who: Who; readonly as: Shown }
  | { readonly what: 'renamed'; readonly who: Who; readonly path: Shown; readonly to: Shown }
  /** Files that went from one place here to another; `bytes` of content had to be written for that. */
  | {
      readonly what: 'copied' | 'moved' | 'unpacked';
      readonly who: Who;
      readonly path: Shown;
      readonly to: Shown;
      readonly files: number;
      readonly bytes: number;
      readonly ms: number;
    }
  /** Something the owner should look at: a full disk, a broken file. */
  | { readonly what: 'trouble'; readonly who: Who; readonly code: string; readonly why: Shown }
  /** The server about itself. */
  | { readonly what: 'server'; readonly text: Shown };
