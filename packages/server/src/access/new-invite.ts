/** A new invite: the one place where its token is made, which is kept nowhere. Main and worker threads. */

import { randomBytes } from 'node:crypto';
import { tokenBytes } from '@ferry/protocol/messages';
import { hashOf } from './access-store.ts';
import type { InviteOrder } from './administration.ts';
import type { AccessChanges } from './operations.ts';

export type NewInvite = {
  readonly user: string;
  readonly token: Buffer;
  /** Milliseconds since 1970. */
  readonly expiresMs: number;
};

/** @throws {FerryError} USAGE, and as Changes.make */
export async function newInvite(changes: AccessChanges, order: InviteOrder): Promise<NewInvite> {
  const token = randomBytes(tokenBytes);
  const nowMs = Date.now();
  const user = await changes.make('invite', { ...order, tokenHash: hashOf(token), nowMs });
  return { user, token, expiresMs: nowMs + order.expiresMs };
}
