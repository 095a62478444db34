/** What happened: the only way into the state. Plain data; UI thread. */

import type { Facts, Name, Path, WireError } from '@ferry/protocol';
import type { RoomInfo, RoomRef } from '../engine/chat.ts';
import type { EngineEvent, Side, Where } from '../engine/engine.ts';
import type { Entries } from '../engine/entry-page.ts';
import type { Person } from '../engine/people.ts';
import type { MadeShare, OwnShare } from '../engine/server-shares.ts';
import type { TrashRow } from '../engine/server-trash.ts';
import type { Space } from '../engine/source.ts';
import type { FolderChange } from '../engine/watching.ts';
import type { Action } from '../keymap/keymap.ts';
import type { EditMsg } from './edit.ts';
import type { Size } from './layout.ts';
import type { Ordered, Ordering } from './order.ts';
import type { Picture } from './picture.ts';
import type { Seen } from './preview.ts';
import type { Replacing } from './replacing.ts';
import type { Seeking, Sought } from './seeking.ts';
import type { Undo } from './undo.ts';
import type { KeyPress } from './update-key.ts';
import type { MouseMsg } from './update-mouse.ts';
import type { Work } from './works.ts';

export type Msg =
  | EditMsg
  | { readonly kind: 'started' }
  | ({ readonly kind: 'key' } & KeyPress)
  /** An action chosen without its key. */
  | { readonly kind: 'action'; readonly action: Action }
  /** Text for whatever takes any: typed, or pasted. */
  | { readonly kind: 'typed'; readonly text: string }
  | MouseMsg
  /** A second has gone by while the server is away. */
  | { readonly kind: 'tick' }
  | { readonly kind: 'resized'; readonly size: Size }
  | {
      readonly kind: 'page';
      readonly side: Side;
      readonly request: number;
      readonly entries: Entries;
    }
  /** Rows of a large folder are in order. */
  | {
      readonly kind: 'ordered';
      readonly side: Side;
      readonly ordering: Ordering;
      readonly ordered: Ordered;
    }
  /** What was looked for aside was found, or is not there. */
  | { readonly kind: 'sought'; readonly side: Side; readonly seeking: Seeking; readonly found: Sought }
  | { readonly kind: 'listed'; readonly side: Side; readonly request: number }
  | { readonly kind: 'unlisted'; readonly side: Side; readonly request: number; readonly error: WireError }
  | { readonly kind: 'people'; readonly where?: Where; readonly rows: readonly Person[] }
  /** The folder is watched from now on; as Watching has it. */
  | { readonly kind: 'watched'; readonly side: Side; readonly path: Path; readonly pollMs: number }
  | { readonly kind: 'change'; readonly side: Side; readonly path: Path; readonly change: FolderChange }
  /** It is not any more, and why. */
  | { readonly kind: 'unwatched'; readonly side: Side; readonly path: Path; readonly error: WireError }
  | { readonly kind: 'space'; readonly side: Side; readonly path: Path; readonly space: Space }
  /** What is in a folder so far, and whether that is all. */
  | {
      readonly kind: 'measured';
      readonly side: Side;
      readonly folder: Path;
      readonly name: Name;
      readonly bytes: number;
      readonly files: number;
      readonly whole: boolean;
    }
  | { readonly kind: 'completions'; readonly text: string; readonly names: readonly Name[] }
  /** Bytes of a file that is looked at. */
  | {
      readonly kind: 'looked';
      readonly request: number;
      readonly offset: number;
      readonly facts: Facts;
      readonly content: Uint8Array;
    }
  | { readonly kind: 'peeked'; readonly request: number; readonly seen: Seen }
  | { readonly kind: 'unpeeked'; readonly request: number; readonly error: WireError }
  | { readonly kind: 'unlooked'; readonly request: number; readonly error: WireError }
  /** What is in an archive, as a text; the facts are those of the archive. */
  | {
      readonly kind: 'archive-listed';
      readonly request: number;
      readonly text: Uint8Array;
      readonly facts: Facts;
    }
  | {
      readonly kind: 'picture-shown';
      readonly request: number;
      readonly picture: Picture;
      readonly facts: Facts;
    }
  /** How far a search has come, or the counting of lines. */
  | { readonly kind: 'works-at'; readonly request: number; readonly at: number }
  /** Where it ended; undefined: there is no such place. */
  | { readonly kind: 'worked'; readonly request: number; readonly at: number | undefined }
  /** Something that can be taken back. */
  | { readonly kind: 'did'; readonly undo: Undo }
  /** A rule by which uploads replace files holds from now on. */
  | { readonly kind: 'ruled'; readonly rule: Replacing }
  /** Long work has begun, or is so far now. */
  | { readonly kind: 'working'; readonly work: Work }
  | { readonly kind: 'work-over'; readonly id: number }
  /** What can be had back from the server. */
  | { readonly kind: 'trash'; readonly where?: Where; readonly rows: readonly TrashRow[] }
  /** A server was chosen for a side, and is being connected to. */
  | { readonly kind: 'server-chosen'; readonly side: Side; readonly where: Where; readonly path: Path }
  | { readonly kind: 'share-made'; readonly made: MadeShare }
  /** One's own on the server. */
  | { readonly kind: 'shares'; readonly where?: Where; readonly rows: readonly OwnShare[] }
  | { readonly kind: 'chat-rooms'; readonly where?: Where; readonly rooms: readonly RoomInfo[] }
  /** There is none, and why. */
  | { readonly kind: 'chat-off'; readonly where?: Where; readonly error: WireError }
  | { readonly kind: 'chat-joined'; readonly where?: Where; readonly ref: RoomRef }
  | {
      readonly kind: 'chat-not-joined';
      readonly where?: Where;
      readonly ref: RoomRef;
      readonly error: WireError;
    }
  | {
      readonly kind: 'chat-not-said';
      readonly where?: Where;
      readonly ref: RoomRef;
      readonly text: string;
      readonly error: WireError;
    }
  /** Something worth a line, in our words. */
  | { readonly kind: 'said'; readonly text: string }
  /** Something the user asked for went wrong. `doing` is what, in our words; `side` whose folder it was to change. */
  | { readonly kind: 'failed'; readonly doing: string; readonly error: WireError; readonly side?: Side }
  | { readonly kind: 'engine'; readonly event: EngineEvent };
