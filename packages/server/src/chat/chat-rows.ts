/** Rows of the chat's file as what they stand for, and what is said of them. Pure; called by chat-history.ts on worker threads. */

import { crc32 } from 'node:zlib';
import { Code, FerryError } from '@ferry/protocol';
import { type ChatMessage, chatMessage, RoomKind } from '@ferry/protocol/messages';
import { decodeBody } from '@ferry/protocol/wire';
import type { Chatter, Partner, RoomRecord } from './chat-history.ts';

export type Row = Readonly<Record<string, unknown>>;

export function tooFast(waitMs: number): FerryError {
  return new FerryError(Code.LIMIT, 'you say too much at once: wait a moment', { retryAfterMs: waitMs });
}

/** In the order in which a room keeps them. */
export function pairOf({ account, name }: Chatter, partner: Partner): readonly [Partner, Partner] {
  if (account === undefined) throw new Error('a guest talks to nobody alone');
  const own = { account, name };
  return own.account < partner.account ? [own, partner] : [partner, own];
}

export function toRoom(row: Row, account: number | undefined): RoomRecord {
  const {
    id,
    kind,
    name,
    other_name: otherName,
    one,
    other,
    last,
    last_ms: lastMs,
    salt,
    seal_check: check,
  } = row;
  const isDirect = kind === RoomKind.direct;
  return {
    room: Number(id),
    kind: kind as RoomKind,
    name: String(isDirect && one === account ? otherName : name),
    last: Number(last),
    lastMs: Number(lastMs),
    sealing: salt instanceof Uint8Array && check instanceof Uint8Array ? { salt, check } : undefined,
    pair: isDirect ? [Number(one), Number(other)] : undefined,
  };
}

export function toMessage({ body, sum }: Row): readonly ChatMessage[] {
  if (!(body instanceof Uint8Array) || crc32(body) !== sum) return [];
  try {
    return [decodeBody(chatMessage, withAllFields(Buffer.from(body)))];
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [];
  }
}

/** Before messages could be taken away they had a field less. */
function withAllFields(body: Buffer): Buffer {
  const [fields = 0] = body;
  return fields === 0x98 ? Buffer.concat([Buffer.of(0x99), body.subarray(1), Buffer.of(0xc0)]) : body;
}

export function otherKind(wanted: RoomKind): FerryError {
  return new FerryError(
    Code.CONFLICT,
    wanted === RoomKind.sealed ? 'this room has no passphrase' : 'this room has a passphrase',
  );
}

export function roomGone(): FerryError {
  return new FerryError(Code.NOT_FOUND, 'this room has gone: enter it again');
}

/** undefined: that is over. */
export function mutedUntil({ until_ms: until }: Row, nowMs: number): FerryError | undefined {
  if (until !== null && Number(until) <= nowMs) return undefined;
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  const words = until === null ? '' : ` until ${day(Number(until))} UTC`;
  return new FerryError(Code.FORBIDDEN, `an owner of the server lets you say nothing here${words}`);
}
