/** One's own shares on a server, made, listed and ended over a session. Commands, and the I/O thread of the browser. */

import { Code, FerryError } from '@ferry/protocol';
import { endShare, listShares, ShareKind, type ShareRow, share } from '@ferry/protocol/messages';
import { formatInvite } from '@ferry/protocol/session';
import {
  isOnlyHere,
  type MadeShare,
  type OwnShare,
  type ServerShares,
  type ShareWish,
} from '../engine/server-shares.ts';
import type { Connection } from './connection.ts';
import type { Session } from './session.ts';

type Wait = { readonly signal?: AbortSignal };

/** More than a server keeps. */
const most = 10_000;
/** What stands before the host goes into a line that people paste into terminals. */
const shareUser = /^share\.[0-9a-f]{16}$/;

/** @throws {FerryError} as share; MALFORMED */
export async function makeShare(
  session: Session,
  { kind, at = session.address, ...wish }: ShareWish,
  opts: Wait = {},
): Promise<MadeShare> {
  const request = { ...wish, kind: kind === 'drop' ? ShareKind.drop : ShareKind.read };
  const { id, user, token, expiresMs } = await session.channel.call(share, request, opts);
  if (!shareUser.test(user)) throw new FerryError(Code.MALFORMED, 'the server names the share oddly');
  return {
    id: hex(id),
    invite: formatInvite({ ...at, user }, session.fingerprint, token),
    expiresMs,
    isOnlyHere: isOnlyHere(at.host),
  };
}

/** The newest first. @throws {FerryError} LIMIT: the server lists them without end */
export async function sharesOf(session: Session, opts: Wait = {}): Promise<readonly OwnShare[]> {
  const rows: OwnShare[] = [];
  const onPart = ({ id, kind, maker: _, ...row }: ShareRow): void => {
    if (rows.length >= most) throw new FerryError(Code.LIMIT, 'the server lists shares without end');
    rows.push({ ...row, id: hex(id), kind: kind === ShareKind.drop ? 'drop' : 'read' });
  };
  await session.channel.call(listShares, {}, { ...opts, onPart });
  return rows;
}

/** Who uses it is out within a second. @param id 16 hex digits. @throws {FerryError} NOT_FOUND */
export async function endOwnShare(session: Session, id: string, opts: Wait = {}): Promise<void> {
  await session.channel.call(endShare, { id: Buffer.from(id, 'hex') }, opts);
}

/** Over whatever session there is. */
export function remoteShares(connection: Connection): ServerShares {
  return {
    make: async (wish, opts = {}) => makeShare(await connection.session(opts.signal), wish, opts),
    list: async (opts = {}) => sharesOf(await connection.session(opts.signal), opts),
    end: async (id, opts = {}) => endOwnShare(await connection.session(opts.signal), id, opts),
  };
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
