/**
 * Where a server's accounts are changed: in its own file, or, with a bus, together with the servers there. What that needs is loaded only
 * then. Called by serve.ts; main thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import { AccessStore } from './access/access-store.ts';
import { type AccessChanges, localAccess, sharedAccess } from './access/operations.ts';
import type { BusConfig } from './bus/bus-address.ts';
import type { Log } from './log.ts';
import { newFreshnessMemory } from './replica/freshness.ts';
import type { ChangeShared } from './replica/shared-state.ts';

export type OpenAccess = {
  readonly changes: AccessChanges;
  /** For the workers; undefined: they change the file themselves. */
  readonly changeShared: ChangeShared | undefined;
  readonly freshness: SharedArrayBuffer | undefined;
  readonly close: () => Promise<void>;
};

/** @throws {FerryError} CONFIG, BUSY, VERSION */
export async function openAccess(
  bus: BusConfig | undefined,
  accessFile: string,
  log: Log,
): Promise<OpenAccess> {
  if (bus === undefined) return alone(accessFile);
  const { SharedState } = await import('./replica/shared-state.ts');
  const freshness = newFreshnessMemory();
  const state = await SharedState.join({ bus, accessFile, freshness, log });
  return {
    changes: sharedAccess((order) => state.change('accounts', order)),
    changeShared: state.change,
    freshness,
    close: () => state.close(),
  };
}

function alone(accessFile: string): OpenAccess {
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
  return { changes, changeShared: undefined, freshness: undefined, close: async () => close() };
}
