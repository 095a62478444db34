/** What the hub of a thread knows of a session, and of other threads. Worker threads. */

import type { ChatMessage } from '@ferry/protocol/messages';
import type { Chatter, Partner } from './chat-history.ts';

/** What one thread tells the others: something was said here. */
export type ChatRing = { readonly room: number; readonly pair: readonly [number, number] | undefined };

/** A session as the hub needs it. */
export type ChatLink = {
  readonly who: Chatter;
  /** Whether it may take part at this moment. */
  readonly mayChat: () => boolean;
  /** Whether it looks after the server at this moment. */
  readonly isOwner: () => boolean;
  /** Whether it may know of what lies at that path of a message. */
  readonly maySee: (path: NonNullable<ChatMessage['path']>) => boolean;
  /** The account of that name that this one may talk to. @throws {FerryError} NOT_FOUND */
  readonly partner: (name: string) => Partner;
  /** Under which key messages of an account are kept. */
  readonly keyOf: (account: number) => string;
  readonly send: (event: Buffer) => void;
  /** False while the peer does not take what was sent already. */
  readonly writable: () => boolean;
  /** Resolves when it does again. Rejects when it is gone. */
  readonly ready: () => Promise<void>;
};
