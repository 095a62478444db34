/** `ferryd invite`: one line that lets somebody in, made beside a running server or before its first start. Main thread. */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, Code, FerryError, type Path, show } from '@ferry/protocol';
import { formatInvite, parseAddress } from '@ferry/protocol/session';
import type { InviteOrder } from '../access/administration.ts';
import { readOrMakeIdentity } from '../access/identity.ts';
import { newInvite } from '../access/new-invite.ts';
import type { AccessChanges } from '../access/operations.ts';
import type { Places } from '../config.ts';

export type InviteLineOrder = InviteOrder & {
  /** `HOST:PORT` that the guest can reach; undefined: where the server started last listens. */
  readonly address: string | undefined;
  /** The shared folder, to check that the account's root is in it; undefined: not checked. */
  readonly folder: string | undefined;
};

type GuestsAddress = { readonly host: string; readonly port: number };

/** Where guests find the server. To be asked before anything is opened: a mistake leaves nothing behind. @throws {FerryError} USAGE */
export function guestsAddress({ address, folder, settings }: InviteLineOrder, places: Places): GuestsAddress {
  const found = parseAddress(`ferry://${address ?? lastAddress(places)}`);
  if (folder !== undefined) checkRoot(folder, settings.root ?? []);
  return found;
}

/** The invite. @throws {FerryError} CONFIG, and as Changes.make */
export async function makeInvite(
  order: InviteOrder,
  { host, port }: GuestsAddress,
  places: Places,
  changes: AccessChanges,
): Promise<string> {
  const identity = readOrMakeIdentity(places.identityFile, Date.now());
  const { token } = await newInvite(changes, order);
  return formatInvite({ host, port }, identity.fingerprint, token);
}

function lastAddress({ addressFile }: Places): string {
  try {
    return readFileSync(addressFile, 'utf8').trim();
  } catch (cause) {
    throw new FerryError(
      Code.USAGE,
      'ferryd has not run here yet, so its address is not known: start it first, or give --address HOST:PORT',
      { cause },
    );
  }
}

function checkRoot(folder: string, root: Path): void {
  const place = Buffer.from(join(folder, '/'), 'utf8');
  try {
    if (statSync(Buffer.concat([place, bytesOf(root.join('/'))])).isDirectory()) return;
  } catch {
    // The same sentence for all that is no folder.
  }
  throw new FerryError(Code.USAGE, `--path names no folder in ${show(folder)}`);
}
