/**
 * Where a server's accounts are changed: in its own file, or, with a bus, together with the servers there. What that needs is loaded only
 * then. Called by serve.ts; main thread.
 */

import { Code, FerryError, fromWireError, show, type WireError } from '@ferry/protocol';
import { AccessStore } from './access/access-store.ts';
import { type AccessChanges, localAccess, sharedAccess } from './access/operations.ts';
import type { BusConfig } from './bus/bus-address.ts';
import type { ChatRing } from './chat/chat-hub.ts';
import { type Log, note } from './log.ts';
import { newFreshnessMemory } from './replica/freshness.ts';
import type { ChangeShared } from './replica/shared-state.ts';

export type OpenAccess = {
  readonly changes: AccessChanges;
  /** For the workers of one of several servers; those of a server alone change the file themselves. */
  readonly changeShared: ChangeShared;
  readonly freshness: SharedArrayBuffer | undefined;
  /** As it was given, or why there is none. */
  readonly chatFile: string | WireError;
  readonly close: () => Promise<void>;
};

export type OpenAccessOpts = {
  readonly bus: BusConfig | undefined;
  readonly accessFile: string;
  /** Made and looked at already; or why there is no chat. */
  readonly chatFile: string | WireError;
  readonly log: Log;
  /** Something was said on one of several servers. */
  readonly onSaid: (ring: ChatRing | undefined) => void;
};

/** @throws {FerryError} CONFIG, BUSY, VERSION */
export async function openAccess({
  bus,
  accessFile,
  chatFile,
  ...opts
}: OpenAccessOpts): Promise<OpenAccess> {
  if (bus === undefined) return { ...alone(accessFile), chatFile };
  const { SharedState } = await import('./replica/shared-state.ts');
  const freshness = newFreshnessMemory();
  const sharedChat = typeof chatFile === 'string' ? chatFile : undefined;
  const state = await SharedState.join({ ...opts, bus, accessFile, chatFile: sharedChat, freshness });
  if (sharedChat !== undefined && state.chatFault !== undefined) {
    note(opts.log, `there is no chat: ${show(fromWireError(state.chatFault).message)}`);
  }
  return {
    changes: sharedAccess((order) => state.change('accounts', order)),
    changeShared: state.change,
    freshness,
    chatFile: sharedChat === undefined ? chatFile : (state.chatFault ?? sharedChat),
    close: () => state.close(),
  };
}

function alone(accessFile: string): Omit<OpenAccess, 'chatFile'> {
  const store = new AccessStore(accessFile);
  try {
    if (store.isReplicated()) {
      throw new FerryError(
        Code.CONFIG,
        'the accounts of this server are kept together with other servers: start it with --bus',
      );
    }
  } finally {
    store.close();
  }
  const { changes, close } = localAccess(accessFile);
  const changeShared = (): Promise<Buffer> =>
    Promise.reject(new Error('nothing is shared with other servers'));
  return { changes, changeShared, freshness: undefined, close: async () => close() };
}
