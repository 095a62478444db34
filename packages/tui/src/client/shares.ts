/** One's own shares on a server, made, listed and ended over a session. Commands, and the I/O thread of the browser. */

import { Code, FerryError, type Path } from '@ferry/protocol';
import { endShare, listShares, ShareKind, type ShareRow, share } from '@ferry/protocol/messages';
import { formatInvite } from '@ferry/protocol/session';
import type { Session } from './session.ts';

export type ShareWish = {
  /** `drop`: one folder to put files into, unseen. */
  readonly kind: 'read' | 'drop';
  readonly paths: readonly Path[];
  readonly forMs: number;
  /** undefined: as often as anybody likes. */
  readonly downloads: number | undefined;
};

export type MadeShare = {
  /** 16 hex digits. */
  readonly id: string;
  /** What to give away: an address that lets in. */
  readonly invite: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly expiresMs: number;
};

export type OwnShare = {
  readonly id: string;
  readonly kind: 'read' | 'drop';
  /** The first of them. */
  readonly paths: readonly Path[];
  readonly pathCount: number;
  readonly sinceMs: number;
  readonly expiresMs: number;
  readonly downloads: number | undefined;
  /** Whole files that arrived, all together. */
  readonly verified: number;
  readonly devices: number;
};

type Wait = { readonly signal?: AbortSignal };

/** More than a server keeps. */
const most = 10_000;

/** @param at how others reach the server; default: as this session does. @throws {FerryError} as share */
export async function makeShare(
  session: Session,
  { kind, ...wish }: ShareWish,
  at: { readonly host: string; readonly port: number } = session.address,
  opts: Wait = {},
): Promise<MadeShare> {
  const request = { ...wish, kind: kind === 'drop' ? ShareKind.drop : ShareKind.read };
  const { id, user, token, expiresMs } = await session.channel.call(share, request, opts);
  return {
    id: hex(id),
    invite: formatInvite({ ...at, user }, session.fingerprint, token),
    expiresMs,
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

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
