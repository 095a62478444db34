/** Files of the server that are edited here: what is known of each, what is wanted done and what comes back. Plain data; UI thread. */

import type { Facts, Path, Shown, WireError } from '@ferry/protocol';
import type { EditCopy } from '../engine/edits.ts';
import type { Where } from '../engine/engine.ts';
import type { DiffLine } from '../engine/text-diff.ts';

export type Edit = {
  /** The request that fetched it. */
  readonly id: number;
  /** The server; without it the first one. */
  readonly where?: Where;
  /** Of the server. */
  readonly path: Path;
  readonly copy: EditCopy;
  /** What is replaced while it is saved. */
  readonly replaces?: Facts | undefined;
  /** `asking`: the file on the server is another by now. `kept`: it is not saved, and waits until it is edited again. */
  readonly phase: 'open' | 'saving' | 'asking' | 'kept';
  /** What is on the server instead, while it asks; undefined: nothing. */
  readonly there: Facts | undefined;
};

export type EditCmd =
  | { readonly kind: 'fetch-copy'; readonly where?: Where; readonly request: number; readonly path: Path }
  /** Hands the screen over. A file of this machine is edited where it is. */
  | {
      readonly kind: 'run-editor';
      readonly where?: Where;
      readonly request: number;
      readonly file: Path;
      readonly copy: EditCopy | undefined;
    }
  | {
      readonly kind: 'store-copy';
      readonly where?: Where;
      readonly request: number;
      readonly path: Path;
      readonly copy: EditCopy;
      /** The only version that may be replaced; undefined: the name must be free. */
      readonly replaces: Facts | undefined;
    }
  | {
      readonly kind: 'compare-copy';
      readonly where?: Where;
      readonly request: number;
      readonly path: Path;
      readonly copy: EditCopy;
    }
  | { readonly kind: 'drop-copy'; readonly where?: Where; readonly copy: EditCopy }
  /** It is as it came, and may be open in an editor still. */
  | { readonly kind: 'leave-copy'; readonly where?: Where; readonly copy: EditCopy }
  /** Copies that an earlier program left. */
  | { readonly kind: 'find-leftovers'; readonly where?: Where };

export type EditMsg =
  | { readonly kind: 'leftovers'; readonly copies: readonly Path[] }
  | { readonly kind: 'copy-fetched'; readonly request: number; readonly copy: EditCopy }
  | { readonly kind: 'copy-unfetched'; readonly request: number; readonly error: WireError }
  /** `problem`: why there was no editor, or how it ended. */
  | {
      readonly kind: 'editor-ended';
      readonly request: number;
      readonly isChanged: boolean;
      readonly problem: Shown | undefined;
    }
  | { readonly kind: 'copy-stored'; readonly request: number; readonly facts: Facts }
  /** `there`: what has the name now. */
  | {
      readonly kind: 'copy-unstored';
      readonly request: number;
      readonly error: WireError;
      readonly there: Facts | undefined;
    }
  | { readonly kind: 'copy-compared'; readonly request: number; readonly lines: readonly DiffLine[] }
  | { readonly kind: 'copy-uncompared'; readonly request: number; readonly error: WireError };

/** What can become of an edited copy when the file is another by now. */
export const changedAnswers = ['overwrite', 'save-as', 'difference', 'keep'] as const;
export type ChangedAnswer = (typeof changedAnswers)[number];
