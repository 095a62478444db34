/**
 * Passwords as they are kept and checked: Argon2id, in the PHC form `$argon2id$v=19$m=65536,t=3,p=1$salt$tag`. Slow on purpose
 * and synchronous: only for the password thread and the owner's commands.
 */

import { argon2Sync, randomBytes, timingSafeEqual } from 'node:crypto';
import { Code, FerryError, limits } from '@ferry/protocol';

/** KiB, passes, lanes. Measured at 0.12 s. */
const now = { m: 65_536, t: 3, p: 1 };
const saltBytes = 16;
const tagBytes = 32;
/** What a record that is read may ask for: the file is ours, but a slip must not eat the machine. */
const most = { m: 1_048_576, t: 64, p: 16 };

type Cost = typeof now;

/** @throws {FerryError} USAGE: empty, too long, or with a NUL */
export function hashPassword(password: string): string {
  const message = messageOf(password);
  if (message === undefined) {
    throw new FerryError(Code.USAGE, `a password has 1 to ${limits.passwordBytes} bytes and no NUL`);
  }
  const salt = randomBytes(saltBytes);
  return format(now, salt, derive(message, salt, now, tagBytes));
}

export type PasswordCheck = {
  readonly isRight: boolean;
  /** Right, but kept with other costs than are used now: to be hashed again. */
  readonly isStale: boolean;
};

/** Takes as long for a wrong one, and for one that cannot be right. */
export function checkPassword(password: string, record: string): PasswordCheck {
  const { cost, salt, tag } = parse(record);
  const message = messageOf(password);
  const derived = derive(message ?? Buffer.from('wrong'), salt, cost, tag.length);
  const isRight = timingSafeEqual(derived, tag) && message !== undefined;
  return { isRight, isStale: isRight && (cost.m !== now.m || cost.t !== now.t || cost.p !== now.p) };
}

/** What nobody's password fits; checked in place of an account that does not exist. */
export function nobodysRecord(): string {
  return format(now, randomBytes(saltBytes), randomBytes(tagBytes));
}

/** One form for what looks the same; undefined for what is no password. */
function messageOf(password: string): Buffer | undefined {
  const message = Buffer.from(password.normalize('NFC'));
  if (message.length === 0 || message.length > limits.passwordBytes || message.includes(0)) return undefined;
  return message;
}

function derive(message: Buffer, nonce: Buffer, { m, t, p }: Cost, tagLength: number): Buffer {
  return argon2Sync('argon2id', { message, nonce, memory: m, passes: t, parallelism: p, tagLength });
}

function format({ m, t, p }: Cost, salt: Buffer, tag: Buffer): string {
  const text = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '');
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${text(salt)}$${text(tag)}`;
}

/** @throws {FerryError} CONFIG */
function parse(record: string): { cost: Cost; salt: Buffer; tag: Buffer } {
  const form =
    /^\$argon2id\$v=19\$m=([0-9]{1,7}),t=([0-9]{1,3}),p=([0-9]{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
  const [, m, t, p, salt = '', tag = ''] = form.exec(record) ?? [];
  const cost = { m: Number(m), t: Number(t), p: Number(p) };
  const raw = { salt: Buffer.from(salt, 'base64'), tag: Buffer.from(tag, 'base64') };
  const isGood = cost.m <= most.m && cost.t <= most.t && cost.p <= most.p;
  if (!isGood || raw.salt.length < 8 || raw.tag.length < 16 || raw.tag.length > 64) {
    throw new FerryError(Code.CONFIG, 'a password in the list of accounts is kept in an unknown form');
  }
  return { cost, ...raw };
}
