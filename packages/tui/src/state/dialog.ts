/** What stands before everything else and has the keyboard, as data. Pure values; UI thread. */

import type { Entry, Name, Path, Shown } from '@ferry/protocol';
import type { Side, Where } from '../engine/engine.ts';
import type { JobId } from '../engine/job.ts';
import type { Person } from '../engine/people.ts';
import type { MadeShare, OwnShare } from '../engine/server-shares.ts';
import type { TrashRow } from '../engine/server-trash.ts';
import type { DiffLine } from '../engine/text-diff.ts';
import type { AnswerScope, Question as JobQuestion } from '../transfer/conflict.ts';
import type { AtWhich } from './cmd.ts';
import type { ChangedAnswer } from './edit.ts';
import type { Field } from './edit-line.ts';

/** What a yes means. */
export type Question =
  | {
      readonly about: 'delete';
      readonly side: Side;
      readonly folder: Path;
      readonly entries: readonly Entry[];
    }
  | { readonly about: 'cancel' | 'overwrite'; readonly ids: readonly JobId[] }
  /** Fetch a large file to edit it. */
  | ({ readonly about: 'edit'; readonly path: Path } & AtWhich)
  /** Go on with a copy that is kept; a no fetches the file again. */
  | { readonly about: 'edit-kept'; readonly id: number; readonly path: Path }
  /** One's own; the list that it stands in comes back. */
  | { readonly about: 'end-share'; readonly id: string; readonly list: Dialog & { readonly kind: 'shares' } }
  /** One's own, for good; the list that it stands in comes back. */
  | { readonly about: 'drop-trash'; readonly id: string; readonly list: Dialog & { readonly kind: 'trash' } }
  /** A line of the chat that is shown; the chat comes back. */
  | { readonly about: 'unsay'; readonly ref: string; readonly seq: number }
  | { readonly about: 'clear' | 'quit' };

/** What typed lines mean. */
export type Prompted =
  | { readonly about: 'mkdir'; readonly side: Side; readonly folder: Path }
  | { readonly about: 'rename'; readonly side: Side; readonly folder: Path; readonly from: Name }
  /** Marks or unmarks what is called so. */
  | { readonly about: 'pattern'; readonly side: Side; readonly on: boolean }
  | {
      readonly about: 'permissions';
      readonly side: Side;
      readonly folder: Path;
      readonly entries: readonly Entry[];
    }
  /** Delete without the trash, when the right word is typed. */
  | {
      readonly about: 'for-good';
      readonly side: Side;
      readonly folder: Path;
      readonly entries: readonly Entry[];
    }
  /** Two fields: name, text. */
  | { readonly about: 'find' }
  | {
      readonly about: 'graft';
      readonly verb: 'copy' | 'move';
      readonly folder: Path;
      readonly entries: readonly Entry[];
    }
  /** Fields: for how long, how many downloads (not of a drop box), where the server is reached. */
  | ({
      readonly about: 'share';
      readonly shared: 'read' | 'drop';
      readonly paths: readonly Path[];
    } & AtWhich)
  /** Fields: a room or `@` and an account, a passphrase. */
  | { readonly about: 'unpack'; readonly where: Where; readonly archive: Path }
  | { readonly about: 'room' }
  /** One field: for how long somebody says nothing in the chat. */
  | { readonly about: 'mute'; readonly name: string }
  | { readonly about: 'go-to-path'; readonly side: Side }
  /** One field: a rate. */
  | { readonly about: 'limit'; readonly ids: readonly JobId[] }
  /** Three fields: uploads, downloads, timetable. */
  | { readonly about: 'limits' }
  /** In the viewer: 1 is forward, -1 backward. */
  | { readonly about: 'search'; readonly by: 1 | -1 }
  | { readonly about: 'go-to' }
  /** A name for an edited copy. */
  | { readonly about: 'save-as'; readonly edit: number };

/** What an answer to a job's question can be for, from little to much. */
export function scopesOf({ direction }: JobQuestion): readonly [AnswerScope, ...AnswerScope[]] {
  return ['this', 'job', direction === 'upload' ? 'all-uploads' : 'all-downloads'];
}

export function conflictOf(question: JobQuestion): Dialog {
  return { kind: 'conflict', question, chosen: undefined, scope: 'this' };
}

/** Whose actions the list of all actions begins with. */
export type PaletteLayer = 'pane' | 'queue' | 'viewer';

export type Dialog =
  /** All actions, those of the files or of the queue first. */
  | {
      readonly kind: 'palette';
      readonly of: PaletteLayer;
      readonly line: Field;
      /** Among those that match what was typed. */
      readonly cursor: number;
    }
  /** The chat; what it shows is in the state itself. */
  | { readonly kind: 'chat' }
  /** Bookmarks and recent folders. */
  | { readonly kind: 'places'; readonly line: Field; readonly cursor: number }
  /** What to give away. */
  | { readonly kind: 'shared'; readonly made: MadeShare; readonly top: number }
  /** What can be had back; undefined until the server has told. */
  | ({
      readonly kind: 'trash';
      readonly rows: readonly TrashRow[] | undefined;
      readonly cursor: number;
    } & AtWhich)
  /** Who else is there; undefined until the server has told. */
  | ({
      readonly kind: 'people';
      readonly rows: readonly Person[] | undefined;
      readonly top: number;
    } & AtWhich)
  /** One's own shares; undefined until the server has told. */
  | ({
      readonly kind: 'shares';
      readonly rows: readonly OwnShare[] | undefined;
      readonly cursor: number;
    } & AtWhich)
  | {
      readonly kind: 'info';
      readonly side: Side;
      readonly folder: Path;
      readonly entry: Entry;
      readonly top: number;
    }
  /** Words to read. */
  | {
      readonly kind: 'words';
      readonly title: Shown;
      readonly lines: readonly Shown[];
      readonly top: number;
    }
  | {
      readonly kind: 'question';
      readonly title: Shown;
      readonly lines: readonly Shown[];
      readonly question: Question;
    }
  | {
      readonly kind: 'prompt';
      readonly title: Shown;
      /** At least one. */
      readonly fields: readonly Field[];
      /** The one that has the cursor. */
      readonly field: number;
      readonly prompted: Prompted;
      /** Why what was typed was not taken; it speaks of the field that has the cursor. */
      readonly error: Shown | undefined;
    }
  | {
      readonly kind: 'conflict';
      readonly question: JobQuestion;
      /** One of the question's answers; undefined until the user has chosen one. */
      readonly chosen: number | undefined;
      readonly scope: AnswerScope;
    }
  | { readonly kind: 'details'; readonly job: JobId; readonly top: number }
  /** Something that is waited for, about a file of the server. */
  | ({
      readonly kind: 'busy';
      readonly title: Shown;
      readonly request: number;
      readonly path: Path;
    } & AtWhich)
  /** An edited file is another on the server by now. */
  | { readonly kind: 'changed'; readonly edit: number; readonly chosen: ChangedAnswer | undefined }
  | {
      readonly kind: 'difference';
      readonly edit: number;
      readonly lines: readonly DiffLine[];
      readonly top: number;
    };
