/**
 * All that crosses between the UI thread and the I/O thread. Plain data only; failures travel as codes and words.
 */

import type { Facts, Path, Time, WireError } from '@ferry/protocol';
import type { Answer } from '../transfer/conflict.ts';
import type { RoomInfo, RoomRef } from './chat.ts';
import type { EditCopy, StoreSpec } from './edits.ts';
import type { EngineEvent, JobAction, NewOrder, OpenServer, QueueLimits, Where } from './engine.ts';
import type { EngineOpts } from './engine-core.ts';
import type { PackedPage } from './entry-page.ts';
import type { JobId, Priority } from './job.ts';
import type { Activity, Person } from './people.ts';
import type { MadeShare, OwnShare, ShareWish } from './server-shares.ts';
import type { TrashRow } from './server-trash.ts';
import type { WorkOrder, WorkProgress, WorkResult } from './server-works.ts';
import type { Range, RangeSpec, Space } from './source.ts';
import type { DiffLine } from './text-diff.ts';
import type { FolderChange } from './watching.ts';

export type ThreadData = EngineOpts;

/** What one can ask of a side's files. */
export type SourceCall =
  | {
      readonly verb: 'list' | 'stat' | 'mkdir' | 'remove' | 'space' | 'readLink';
      readonly where: Where;
      readonly path: Path;
    }
  | { readonly verb: 'rename'; readonly where: Where; readonly path: Path; readonly to: Path }
  | { readonly verb: 'readRange'; readonly where: Where; readonly path: Path; readonly range: RangeSpec }
  | { readonly verb: 'makeLink'; readonly where: Where; readonly path: Path; readonly target: string }
  | {
      readonly verb: 'setFacts';
      readonly where: Where;
      readonly path: Path;
      readonly modified: Time;
      readonly mode: number;
    };

export type EditCall =
  | { readonly verb: 'fetch'; readonly path: Path }
  | { readonly verb: 'digest' | 'drop'; readonly copy: Path }
  | { readonly verb: 'store'; readonly spec: StoreSpec }
  | { readonly verb: 'leave'; readonly copy: EditCopy }
  | { readonly verb: 'leftovers' }
  | { readonly verb: 'difference'; readonly copy: Path; readonly path: Path };

export type ShareCall =
  | { readonly verb: 'make'; readonly wish: ShareWish }
  | { readonly verb: 'list' }
  | { readonly verb: 'end'; readonly share: string };

export type TrashCall =
  | { readonly verb: 'list'; readonly most: number | undefined }
  | { readonly verb: 'drop'; readonly deletion: string };

export type ChatCall =
  | { readonly verb: 'rooms' }
  | {
      readonly verb: 'join';
      readonly ref: RoomRef;
      readonly passphrase: string | undefined;
      readonly create: boolean;
    }
  | { readonly verb: 'leave'; readonly ref: RoomRef }
  | { readonly verb: 'unsay'; readonly ref: RoomRef; readonly seq: number }
  | { readonly verb: 'mute'; readonly name: string; readonly ms: number | undefined }
  | { readonly verb: 'say'; readonly ref: RoomRef; readonly text: string; readonly path: Path | undefined };

export type ToEngine =
  | { readonly kind: 'call'; readonly id: number; readonly call: SourceCall }
  | { readonly kind: 'work'; readonly id: number; readonly where: Where; readonly order: WorkOrder }
  | { readonly kind: 'open'; readonly server: OpenServer }
  | { readonly kind: 'edit'; readonly id: number; readonly where: Where; readonly call: EditCall }
  | { readonly kind: 'share'; readonly id: number; readonly where: Where; readonly call: ShareCall }
  | { readonly kind: 'people'; readonly id: number; readonly where: Where }
  | { readonly kind: 'show'; readonly where: Where; readonly activity: Activity | undefined }
  | { readonly kind: 'trash'; readonly id: number; readonly where: Where; readonly call: TrashCall }
  | { readonly kind: 'watch'; readonly id: number; readonly where: Where; readonly path: Path }
  | { readonly kind: 'chat'; readonly id: number; readonly where: Where; readonly call: ChatCall }
  | { readonly kind: 'submit'; readonly id: number; readonly orders: readonly NewOrder[] }
  | { readonly kind: 'cancel'; readonly id: number }
  | { readonly kind: 'act'; readonly action: JobAction; readonly ids: readonly JobId[] }
  | { readonly kind: 'priority'; readonly ids: readonly JobId[]; readonly priority: Priority }
  | { readonly kind: 'limit'; readonly ids: readonly JobId[]; readonly bytesPerSecond: number | undefined }
  | { readonly kind: 'pause-all'; readonly paused: boolean }
  | { readonly kind: 'limits'; readonly limits: Partial<QueueLimits> }
  | { readonly kind: 'answer'; readonly job: JobId; readonly sourcePath: Path; readonly answer: Answer }
  | { readonly kind: 'clear' }
  | { readonly kind: 'reconnect'; readonly where: Where }
  | { readonly kind: 'close' };

export type CallResult =
  | Facts
  | Range
  | Space
  | EditCopy
  | WorkResult
  | MadeShare
  | readonly OwnShare[]
  | readonly TrashRow[]
  | readonly Person[]
  | readonly JobId[]
  | readonly DiffLine[]
  | readonly RoomInfo[]
  | readonly Path[]
  | string
  | undefined;

export type FromEngine =
  | { readonly kind: 'event'; readonly event: EngineEvent }
  | { readonly kind: 'page'; readonly id: number; readonly page: PackedPage }
  | { readonly kind: 'watched'; readonly id: number; readonly pollMs: number }
  | { readonly kind: 'change'; readonly id: number; readonly change: FolderChange }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: WorkProgress }
  | { readonly kind: 'done'; readonly id: number; readonly result: CallResult }
  | { readonly kind: 'failed'; readonly id: number; readonly error: WireError }
  /** The engine could not begin (this device's key cannot be used, for example). */
  | { readonly kind: 'broken'; readonly error: WireError }
  | { readonly kind: 'closed' };
