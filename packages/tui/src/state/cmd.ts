/** What is wanted done: the only way out of the state. Plain data; carried out by effects/run. */

import type { Entry, FindQuery, Name, Path, Shown } from '@ferry/protocol';
import type { RoomRef } from '../engine/chat.ts';
import type { JobAction, NewOrder, QueueLimits, Side, Where } from '../engine/engine.ts';
import type { JobId, Priority } from '../engine/job.ts';
import type { Activity } from '../engine/people.ts';
import type { ShareWish } from '../engine/server-shares.ts';
import type { Answer } from '../transfer/conflict.ts';
import type { ArchiveFormat } from './archive-format.ts';
import type { BytePattern } from './byte-pattern.ts';
import type { EditCmd } from './edit.ts';
import type { Ordering } from './order.ts';
import type { Remembered } from './remembered.ts';
import type { Ruled, TrashMark } from './replacing.ts';
import type { Seeking } from './seeking.ts';
import type { Undo } from './undo.ts';
import type { Piece } from './viewer.ts';

/** Which server it is about; without `where` the first one. */
export type AtWhich = { readonly where?: Where };

export function atServer({ where }: AtWhich): AtWhich {
  return where === undefined ? {} : { where };
}

export type Cmd =
  | EditCmd
  /** Supersedes the side's listing before it. */
  | { readonly kind: 'list'; readonly side: Side; readonly path: Path; readonly request: number }
  /** Puts rows in order aside, in place of what was being ordered for that side; undefined: nothing any more. */
  | { readonly kind: 'order'; readonly side: Side; readonly ordering: Ordering | undefined }
  /** Looks for rows aside, in place of what was looked for on that side; undefined: for nothing any more. */
  | { readonly kind: 'seek'; readonly side: Side; readonly seeking: Seeking | undefined }
  | { readonly kind: 'list-people'; readonly where?: Where }
  /** What others may see; undefined: nothing. */
  | { readonly kind: 'show-activity'; readonly where?: Where; readonly activity: Activity | undefined }
  /** Tells what changes in a folder, as msg `watched`, `change` and `unwatched`. Supersedes the side's watch before it. */
  | { readonly kind: 'watch'; readonly side: Side; readonly path: Path }
  /** `soon`: with all others of the next second, as what changes at once changes often. */
  | { readonly kind: 'space'; readonly side: Side; readonly path: Path; readonly soon?: true }
  | { readonly kind: 'mkdir'; readonly side: Side; readonly path: Path }
  | { readonly kind: 'rename'; readonly side: Side; readonly from: Path; readonly to: Path }
  /** With all that is in them. */
  | {
      readonly kind: 'remove';
      readonly side: Side;
      readonly folder: Path;
      readonly entries: readonly Entry[];
    }
  /** On the server, with all that is in them: into the trash, or for good. */
  | {
      readonly kind: 'delete';
      readonly where: Where;
      readonly folder: Path;
      readonly entries: readonly Entry[];
      readonly forGood: boolean;
    }
  | { readonly kind: 'undo'; readonly undo: Undo }
  /** What is done by then stays, and can be taken back. */
  | { readonly kind: 'stop-work'; readonly id: number }
  /** What was found by then stays. */
  | { readonly kind: 'stop-find'; readonly side: Side }
  /** Inside of the server; into `to` where that is a folder, too. */
  | {
      readonly kind: 'graft';
      readonly where: Where;
      readonly verb: 'copy' | 'move';
      readonly sources: readonly Path[];
      readonly to: Path;
      readonly isInto: boolean;
      /** How much it is, where that is known. */
      readonly bytes?: number;
      /** Where they are now. */
      readonly folder: Path;
    }
  /** On its server, into a folder that is not there yet. */
  | { readonly kind: 'unpack'; readonly where: Where; readonly archive: Path; readonly to: Path }
  | { readonly kind: 'list-trash'; readonly where?: Where }
  /** For good, and lists what is left. */
  | { readonly kind: 'drop-trash'; readonly where?: Where; readonly id: string }
  | { readonly kind: 'make-share'; readonly where?: Where; readonly wish: ShareWish }
  /** Which rooms there are; from then on direct messages come. */
  | { readonly kind: 'chat-rooms'; readonly where?: Where }
  | {
      readonly kind: 'chat-join';
      readonly where?: Where;
      readonly ref: RoomRef;
      readonly passphrase: string | undefined;
      readonly create: boolean;
    }
  | { readonly kind: 'chat-leave'; readonly where?: Where; readonly ref: RoomRef }
  | {
      readonly kind: 'chat-say';
      readonly where?: Where;
      readonly ref: RoomRef;
      readonly text: string;
      readonly path: Path | undefined;
    }
  /** Takes a line away for everybody. */
  | {
      readonly kind: 'chat-unsay';
      readonly where?: Where;
      readonly ref: RoomRef;
      readonly seq: number;
    }
  /** As Chat.mute. */
  | {
      readonly kind: 'chat-mute';
      readonly where?: Where;
      readonly name: string;
      readonly ms: number | undefined;
    }
  | { readonly kind: 'list-shares'; readonly where?: Where }
  /** And lists those that are left. */
  | { readonly kind: 'end-share'; readonly where?: Where; readonly id: string }
  /** Supersedes the listing of that side. */
  | {
      readonly kind: 'find';
      readonly side: Side;
      readonly where: Where;
      readonly path: Path;
      /** All but when it was changed… */
      readonly query: FindQuery;
      /** …which is in words: it depends on when it is asked for. */
      readonly changed: string;
      readonly request: number;
    }
  | {
      readonly kind: 'permissions';
      readonly side: Side;
      readonly folder: Path;
      readonly entries: readonly Entry[];
      readonly mode: number;
    }
  /** Counts what is in folders. */
  | {
      readonly kind: 'measure';
      readonly side: Side;
      readonly folder: Path;
      readonly names: readonly Name[];
    }
  /** The folders in a folder, for a path that was typed so far. */
  | { readonly kind: 'complete'; readonly side: Side; readonly folder: Path; readonly text: string }
  | { readonly kind: 'remember'; readonly remembered: Remembered }
  | { readonly kind: 'submit'; readonly orders: readonly NewOrder[] }
  /** With rules, what the trashes of their servers have is looked at before, and told. */
  | {
      readonly kind: 'act';
      readonly action: JobAction;
      readonly ids: readonly JobId[];
      readonly rules?: readonly Ruled[];
    }
  /** What an upload that is over has replaced, as msg `did`. */
  | { readonly kind: 'find-replaced'; readonly where: Where; readonly target: Path; readonly mark: TrashMark }
  | { readonly kind: 'priority'; readonly priority: Priority; readonly ids: readonly JobId[] }
  /** Bytes per second; undefined: as much as there is. */
  | { readonly kind: 'limit'; readonly limit: number | undefined; readonly ids: readonly JobId[] }
  | { readonly kind: 'limits'; readonly limits: QueueLimits }
  | { readonly kind: 'pause-all'; readonly paused: boolean }
  /** Rules as for `act`. */
  | {
      readonly kind: 'answer';
      readonly job: JobId;
      readonly sourcePath: Path;
      readonly answer: Answer;
      readonly rules?: readonly Ruled[];
    }
  /** Bytes of a file that is looked at. */
  | {
      readonly kind: 'look';
      readonly side: Side;
      readonly path: Path;
      readonly request: number;
      readonly piece: Piece;
      /** What is awaited there is not written yet: it is looked for in a moment. */
      readonly isLater: boolean;
    }
  | {
      readonly kind: 'find-text';
      readonly side: Side;
      readonly path: Path;
      readonly request: number;
      readonly pattern: BytePattern;
      /** Forward the first place that may be found, backward the first one that may not. */
      readonly from: number;
      /** 1 is forward, -1 backward. */
      readonly by: 1 | -1;
    }
  | {
      readonly kind: 'find-line';
      readonly side: Side;
      readonly path: Path;
      readonly request: number;
      /** From 1. */
      readonly line: number;
    }
  /** The head of a file, or the first entries of a folder, after a moment: the cursor may be moving on. */
  | {
      readonly kind: 'peek';
      readonly side: Side;
      readonly path: Path;
      readonly request: number;
      readonly isFolder: boolean;
    }
  | {
      readonly kind: 'list-archive';
      readonly side: Side;
      readonly path: Path;
      readonly request: number;
      readonly format: ArchiveFormat;
    }
  /** Fetches and unpacks a picture. */
  | { readonly kind: 'show-picture'; readonly side: Side; readonly path: Path; readonly request: number }
  /** Ends what one of the six above, or a fetch of a copy, has begun. */
  | { readonly kind: 'stop'; readonly request: number }
  /** Tell somebody who is not looking. */
  | { readonly kind: 'notify'; readonly words: Shown }
  | { readonly kind: 'clear' }
  /** To the server, now and not when it would be time. */
  | { readonly kind: 'reconnect'; readonly where: Where }
  /** Lets the user choose a server for a side, on the connect screen. */
  | { readonly kind: 'choose-server'; readonly side: Side }
  /** The whole screen, also what the terminal may have lost. */
  | { readonly kind: 'redraw' }
  /** Gives the terminal back to the shell until it is wanted again. */
  | { readonly kind: 'suspend' }
  /** Into the terminal's clipboard. */
  | { readonly kind: 'copy-text'; readonly text: Shown }
  | { readonly kind: 'quit' };
