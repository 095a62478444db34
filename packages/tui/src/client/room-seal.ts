/**
 * Sealed rooms: the key from a passphrase, what is said sealed for those who have it, and what comes opened and held against what
 * came before, as the server in between is not believed. The form is in docs/PROTOCOL.md, "Sealed rooms". I/O thread; the key is made
 * in Node's thread pool.
 */

import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { Code, FerryError, isChatText, limits, type Path } from '@ferry/protocol';
import { type ChatMessage, type Sealed, type Sealing, sealBytes } from '@ferry/protocol/messages';
import { optional, pack, path, type Shape, tuple, unpack } from '@ferry/protocol/wire';

/** Part of the protocol: a server that could choose it would choose what is quickly tried. */
const cost = { memory: 65_536, passes: 3, parallelism: 1, tagLength: 32 };
const paddedTo = 64;
const markBytes = 8;
const tagBytes = 16;
const noMark = Buffer.alloc(markBytes);
/** How far the sender's clock and the server's may be apart, milliseconds. */
const clocksApartMs = 5 * 60_000;
/** Sessions and marks that are remembered; the ones of longest ago go first. */
const mostRemembered = 4096;

/** What a reader is told beside a message, or in place of one. */
export type SealNote =
  /** Messages of this sender before this one were kept back. */
  | 'missing'
  /** Its sender had seen a message that the server gave later. */
  | 'moved'
  /** When it was sent and when the server says so are far apart. */
  | 'clock'
  /** In place of a message: it came before. */
  | 'replayed'
  /** In place of a message: it was changed, or is not whose the server says. */
  | 'unreadable';

export type Opened = {
  readonly text: string;
  readonly path: Path | undefined;
  readonly notes: readonly SealNote[];
};

/** The key of one room. Made by {@link roomKey}. */
export type RoomKey = { readonly name: string; readonly master: Buffer };

/** @throws {FerryError} USAGE: no passphrase */
export async function roomKey(name: string, passphrase: string, salt: Uint8Array): Promise<RoomKey> {
  const message = Buffer.from(passphrase.normalize('NFC'));
  if (message.length === 0 || message.length > limits.passwordBytes) {
    throw new FerryError(Code.USAGE, `a passphrase has 1 to ${limits.passwordBytes} bytes`);
  }
  const master = await new Promise<Buffer>((resolve, reject) => {
    argon2('argon2id', { message, nonce: salt, ...cost }, (error, tag) => {
      if (error === null) resolve(tag);
      else reject(error);
    });
  });
  return { name, master };
}

/** What a new room is made with. */
export async function newSealing(
  name: string,
  passphrase: string,
): Promise<{ sealing: Sealing; key: RoomKey }> {
  const salt = randomBytes(sealBytes);
  const key = await roomKey(name, passphrase, salt);
  return { sealing: { salt, check: checkOf(key) }, key };
}

export function fits(key: RoomKey, { check }: Sealing): boolean {
  return check.length === sealBytes && timingSafeEqual(checkOf(key), check);
}

/** One's own time in a room. */
export class Sealer {
  readonly #key: RoomKey;
  readonly #from: string;
  readonly #session = randomBytes(sealBytes);
  readonly #sessionKey: Buffer;
  #counter = 0;

  /** @param from one's own account as the server calls it */
  constructor(key: RoomKey, from: string) {
    this.#key = key;
    this.#from = from;
    this.#sessionKey = sessionKey(key, this.#session);
  }

  /** @param seen as Opener.mark. What is sent again must be the same box: each call counts as another message. */
  seal(text: string, at: Path | undefined, sentMs: number, seen: Uint8Array): Sealed {
    const head = { session: this.#session, counter: this.#counter, sentMs };
    this.#counter += 1;
    const cipher = createCipheriv('aes-256-gcm', this.#sessionKey, nonceOf(head.counter));
    cipher.setAAD(aadOf(this.#key.name, this.#from, head));
    const box = Buffer.concat([
      cipher.update(padded(pack(plain.put({ text, path: at, seen })))),
      cipher.final(),
    ]);
    return { ...head, box: Buffer.concat([box, cipher.getAuthTag()]) };
  }
}

/** What one reader has seen of a room, in the order in which the server gives it. */
export class Opener {
  readonly #key: RoomKey;
  readonly #keys = new Map<string, Buffer>();
  readonly #counters = new Map<string, number>();
  /** Marks that somebody has seen and nobody has shown us: kept from us, or of before we came. */
  readonly #promised = new Map<string, true>();
  readonly #shown = new Map<string, true>();
  #mark: Uint8Array = noMark;

  constructor(key: RoomKey) {
    this.#key = key;
  }

  /** Names the last message that was opened. */
  get mark(): Uint8Array {
    return this.#mark;
  }

  open({ from, ms, sealed }: ChatMessage & { readonly sealed: Sealed }): Opened {
    const said = this.#decrypt(from, sealed);
    if (said === undefined) return instead('unreadable');
    const session = Buffer.from(sealed.session).toString('latin1');
    const before = this.#counters.get(session);
    if (before !== undefined && sealed.counter <= before) return instead('replayed');
    remember(this.#counters, session, sealed.counter);
    const notes: SealNote[] = [];
    if (before !== undefined && sealed.counter > before + 1) notes.push('missing');
    if (this.#isOutOfOrder(sealed.box, said.seen)) notes.push('moved');
    if (Math.abs(sealed.sentMs - ms) > clocksApartMs) notes.push('clock');
    return { text: said.text, path: said.path, notes };
  }

  #isOutOfOrder(box: Uint8Array, seen: Uint8Array): boolean {
    const own = createHash('sha256').update(box).digest().subarray(0, markBytes);
    this.#mark = own;
    const name = own.toString('latin1');
    const isLate = this.#promised.delete(name);
    remember(this.#shown, name, true);
    const seenName = Buffer.from(seen).toString('latin1');
    if (!noMark.equals(seen) && !this.#shown.has(seenName)) remember(this.#promised, seenName, true);
    return isLate;
  }

  #decrypt(from: string, sealed: Sealed): Plain | undefined {
    const at = sealed.box.length - tagBytes;
    if (at <= 0) return undefined;
    const session = Buffer.from(sealed.session).toString('latin1');
    const key = this.#keys.get(session) ?? sessionKey(this.#key, sealed.session);
    const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(sealed.counter), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(aadOf(this.#key.name, from, sealed));
    decipher.setAuthTag(sealed.box.subarray(at));
    try {
      const bytes = Buffer.concat([decipher.update(sealed.box.subarray(0, at)), decipher.final()]);
      remember(this.#keys, session, key);
      const length = bytes.readUInt16BE(0);
      const said = plain.get(unpack(bytes.subarray(2, 2 + length)), 'message');
      return isChatText(said.text) ? said : undefined;
    } catch {
      // Not sealed with this key for this sender, or by somebody who has the key and no manners: nothing of it is shown.
      return undefined;
    }
  }
}

type Plain = { readonly text: string; readonly path: Path | undefined; readonly seen: Uint8Array };

const plain: Shape<Plain> = tuple<Plain>({
  text: {
    put: (value) => value,
    get: (value) => (typeof value === 'string' ? value : ''),
  },
  path: optional(path),
  seen: {
    put: (value) => value,
    get: (value) => (value instanceof Uint8Array && value.length === markBytes ? Buffer.from(value) : noMark),
  },
});

function instead(note: SealNote): Opened {
  return { text: '', path: undefined, notes: [note] };
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > mostRemembered && oldest !== undefined) map.delete(oldest);
}

function checkOf({ name, master }: RoomKey): Buffer {
  return derive(master, Buffer.concat([Buffer.from('ferry room check 1\0'), Buffer.from(name)]), sealBytes);
}

function sessionKey({ name, master }: RoomKey, session: Uint8Array): Buffer {
  return derive(master, Buffer.concat([Buffer.from('ferry room key 1\0'), counted(name), session]), 32);
}

function derive(master: Buffer, info: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), info, bytes));
}

function aadOf(name: string, from: string, { session, counter, sentMs }: Omit<Sealed, 'box'>): Buffer {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(BigInt(counter), 0);
  numbers.writeBigUInt64BE(BigInt(sentMs), 8);
  return Buffer.concat([
    Buffer.from('ferry room message 1\0'),
    counted(name),
    counted(from),
    session,
    numbers,
  ]);
}

/** With its length before it, so that no two different pairs look alike. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(BigInt(counter), 4);
  return nonce;
}

/** So that a box says little about how much is in it. */
function padded(bytes: Buffer): Buffer {
  const whole = Buffer.alloc(Math.ceil((bytes.length + 2) / paddedTo) * paddedTo);
  whole.writeUInt16BE(bytes.length);
  bytes.copy(whole, 2);
  return whole;
}
