/**
 * The chat of the server, as the browser and `ferry chat` use it. Rooms are entered again by themselves after a lost connection, and
 * go on where they were: no line comes twice, and one that is missing is said to be. What is said here crosses threads: plain data.
 */

import type { Path, WireError } from '@ferry/protocol';
import type { Wait } from './source.ts';

/** `#crew` is a room, `@anna` an account that one talks to alone. */
export type RoomRef = string;

export type RoomInfo = {
  readonly ref: RoomRef;
  /** It has a passphrase. */
  readonly sealed: boolean;
  /** When somebody spoke there last, milliseconds since 1970. */
  readonly lastMs: number;
};

/** What a line says beside its text, or instead of one. */
export type ChatNote =
  /** Lines before this one are not kept any more. */
  | 'gap'
  /** Instead: who said it, or an owner of the server, took it away. */
  | 'taken'
  /** Instead: the server lost what was said before. */
  | 'anew'
  /** Messages of this sender were kept back by the server. */
  | 'missing'
  /** The server has changed the order. */
  | 'moved'
  /** Sender and server disagree about the time. */
  | 'clock'
  /** Instead: the server sent a message again. */
  | 'replayed'
  /** Instead: it was changed, or is not whose the server says. */
  | 'unreadable';

export type ChatLine = {
  readonly seq: number;
  /** Milliseconds since 1970: of a sealed one as its sender said, else as the server did. */
  readonly ms: number;
  /** Foreign text. */
  readonly from: string;
  readonly own: boolean;
  /** Foreign text; '' when a note stands instead of it. */
  readonly text: string;
  readonly path: Path | undefined;
  readonly notes: readonly ChatNote[];
  /** This line says nothing by itself: the one of that number was taken away by who it is from. */
  readonly takes?: number;
};

export type ChatNews =
  /** `past`: what had been said before one came. */
  | {
      readonly kind: 'lines';
      readonly ref: RoomRef;
      readonly sealed: boolean;
      readonly lines: readonly ChatLine[];
      readonly past: boolean;
    }
  /** One is not in the room any more, and why. A lost connection is no reason. */
  | { readonly kind: 'out'; readonly ref: RoomRef; readonly error: WireError };

export type JoinOpts = Wait & {
  /** The room has one, or gets it. */
  readonly passphrase?: string | undefined;
  /** Makes the room where there is none. */
  readonly create: boolean;
};

export interface Chat {
  /** What there is. From now on direct messages come too, whoever they are from. */
  rooms(opts?: Wait): Promise<readonly RoomInfo[]>;
  /**
   * Resolves when what was said lately has come. Who is in already stays in.
   * @throws {FerryError} AUTH_FAILED: not its passphrase; CONFLICT: it has none, or has one; NOT_FOUND; NAME_…; LIMIT; FORBIDDEN
   */
  join(ref: RoomRef, opts: JoinOpts): Promise<void>;
  leave(ref: RoomRef): void;
  /**
   * Takes a line away for everybody: one's own, or as an owner of the server anybody's.
   * @throws {FerryError} FORBIDDEN; NOT_FOUND: it is not kept any more, or one is not in that room; CONNECTION_LOST
   */
  unsay(ref: RoomRef, seq: number, opts?: Wait): Promise<void>;
  /**
   * An owner of the server lets an account say nothing for so many milliseconds; 0: it may again; undefined: until then.
   * @throws {FerryError} FORBIDDEN, NOT_FOUND, CONNECTION_LOST
   */
  mute(name: string, ms: number | undefined, opts?: Wait): Promise<void>;
  /**
   * Resolves when the server has it, waiting for a lost connection and for as long as it was too much at once; once, however often it
   * had to be sent. Lines of one room are said in order. Cancelled, it may have been said all the same.
   * @throws {FerryError} USAGE: no line of text; NOT_FOUND: not in that room; LIMIT: too many wait; what the server answers
   */
  say(ref: RoomRef, text: string, path: Path | undefined, opts?: Wait): Promise<void>;
}
