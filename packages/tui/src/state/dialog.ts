/** What stands before everything else and has the keyboard, as data. Pure values; UI thread. */

import type { Entry, Name, Path, Shown } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { JobId } from '../engine/job.ts';

/** What a yes means. */
export type Question =
  | {
      readonly about: 'delete';
      readonly side: Side;
      readonly folder: Path;
      readonly entries: readonly Entry[];
    }
  | { readonly about: 'quit' };

/** What a typed line means. */
export type Prompted =
  | { readonly about: 'mkdir'; readonly side: Side; readonly folder: Path }
  | { readonly about: 'rename'; readonly side: Side; readonly folder: Path; readonly from: Name };

export type Dialog =
  | { readonly kind: 'help'; readonly top: number }
  | {
      readonly kind: 'question';
      readonly title: Shown;
      readonly lines: readonly Shown[];
      readonly question: Question;
    }
  | {
      readonly kind: 'prompt';
      readonly title: Shown;
      readonly text: string;
      /** In characters (code points), 0 … length. */
      readonly at: number;
      readonly prompted: Prompted;
      /** Why the last line was not taken. */
      readonly error: Shown | undefined;
    }
  | { readonly kind: 'details'; readonly job: JobId; readonly top: number };
