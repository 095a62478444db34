/** How the servers are that belong together, for whoever looks at one of them: asked for here, answered there. Main thread. */

import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';
import { asFerryError, Code, FerryError } from '@ferry/protocol';
import { bytes, decodeBody, encodeBody, integer, tuple } from '@ferry/protocol/wire';
import type { Servers } from '../bus/servers.ts';
import type { ServerStatus } from './status.ts';
import { decodeStatus, encodeStatus, type ToldStatus } from './status-wire.ts';

/** What one server asks the others. */
export const statusVerb = 'status';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** An answer comes in parts of so many bytes, compressed, and has at most so many. */
const partBytes = 48 * 1024;
const mostParts = 64;
/** Before it was compressed. */
const mostBytes = 32 * 1024 * 1024;
/** Servers whose further parts are kept at once. */
const mostKept = 64;
/** Who does not answer within this is shown as it said last… */
const patienceMs = 700;
/** …for so long. */
const staleMs = 5000;
/** Of more servers only what they tell of themselves is known. */
const mostAsked = 256;

/** Part 0 begins a look; the others are of the one with that number. */
const question = tuple<{ look: number; part: number }>({ look: integer(), part: integer(0, mostParts) });
const answer = tuple<{ look: number; parts: number; body: Uint8Array }>({
  look: integer(),
  parts: integer(1, mostParts),
  body: bytes(0, partBytes),
});

/** Answers other servers. */
export class StatusTeller {
  readonly #status: () => Promise<ToldStatus>;
  /** What is not asked for yet, by who asks; oldest first. */
  readonly #kept = new Map<string, { readonly look: number; readonly whole: Buffer }>();
  #looks = 0;

  constructor(status: () => Promise<ToldStatus>) {
    this.#status = status;
  }

  /** @throws {FerryError} MALFORMED; BUSY: that look is not kept any more; LIMIT */
  async answer(body: Uint8Array, from: string): Promise<Uint8Array> {
    const { look, part } = decodeBody(question, Buffer.from(body));
    if (part === 0) return this.#part(await this.#begin(from), 0);
    const kept = this.#kept.get(from);
    if (kept?.look !== look || part >= partsOf(kept.whole)) {
      throw new FerryError(Code.BUSY, 'that was told too long ago: ask again');
    }
    if (part === partsOf(kept.whole) - 1) this.#kept.delete(from);
    return this.#part(kept, part);
  }

  async #begin(from: string): Promise<{ readonly look: number; readonly whole: Buffer }> {
    const whole = await deflate(encodeStatus(await this.#status()), { level: 1 });
    if (partsOf(whole) > mostParts) throw new FerryError(Code.LIMIT, 'too much is connected to be told');
    const look = { look: ++this.#looks, whole };
    this.#kept.delete(from);
    if (partsOf(whole) > 1) this.#kept.set(from, look);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= mostKept) break;
      this.#kept.delete(oldest);
    }
    return look;
  }

  #part({ look, whole }: { readonly look: number; readonly whole: Buffer }, part: number): Uint8Array {
    const body = whole.subarray(part * partBytes, (part + 1) * partBytes);
    return encodeBody(answer, { look, parts: partsOf(whole), body });
  }
}

function partsOf(whole: Buffer): number {
  return Math.max(1, Math.ceil(whole.length / partBytes));
}

/** How one server is, as it says itself. @throws {FerryError} as Servers.ask; MALFORMED; what the other side says */
export async function askStatus(servers: Pick<Servers, 'ask'>, server: string): Promise<ToldStatus> {
  const part = async (look: number, index: number): Promise<ReturnType<typeof answer.get>> =>
    decodeBody(
      answer,
      Buffer.from(await servers.ask(server, statusVerb, encodeBody(question, { look, part: index }))),
    );
  const first = await part(0, 0);
  const bodies = [first.body];
  while (bodies.length < first.parts) bodies.push((await part(first.look, bodies.length)).body);
  let whole: Buffer;
  try {
    whole = await inflate(Buffer.concat(bodies), { maxOutputLength: mostBytes });
  } catch (cause) {
    throw new FerryError(Code.MALFORMED, 'what a server tells of itself is damaged', { cause });
  }
  return decodeStatus(whole);
}

/** The others, as they are now, without waiting for one that hangs. */
export class OtherStatuses {
  readonly #servers: Pick<Servers, 'ask' | 'ids'>;
  readonly #now: () => number;
  readonly #last = new Map<string, { readonly status: ToldStatus; readonly ms: number }>();
  readonly #asked = new Map<string, Promise<void>>();

  /** @param now milliseconds of any clock that goes evenly */
  constructor(servers: Pick<Servers, 'ask' | 'ids'>, now: () => number = () => performance.now()) {
    this.#servers = servers;
    this.#now = now;
  }

  /** By server. Left out are those that do not answer, and have not for some seconds. Never fails. */
  async look(): Promise<ReadonlyMap<string, ToldStatus>> {
    const ids = this.#servers.ids.slice(0, mostAsked);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patienceMs);
    });
    await Promise.race([Promise.all(ids.map((id) => this.#ask(id))), patience]);
    clearTimeout(timer);
    for (const [id, { ms }] of this.#last) if (this.#now() - ms > staleMs) this.#last.delete(id);
    const there = new Set(ids);
    return new Map([...this.#last].filter(([id]) => there.has(id)).map(([id, { status }]) => [id, status]));
  }

  /** Who has not answered yet is not asked again. */
  #ask(id: string): Promise<void> {
    const asked = this.#asked.get(id) ?? this.#hear(id).finally(() => this.#asked.delete(id));
    this.#asked.set(id, asked);
    return asked;
  }

  async #hear(id: string): Promise<void> {
    try {
      this.#last.set(id, { status: await askStatus(this.#servers, id), ms: this.#now() });
    } catch (error) {
      asFerryError(error, () => {
        throw error;
      });
    }
  }
}

/** @param told by server */
export function withOthers(
  status: ServerStatus,
  told: ReadonlyMap<string, ToldStatus> | undefined,
): ServerStatus {
  const { bus } = status;
  if (bus === undefined || told === undefined) return status;
  const others = bus.others.map((other) => ({ ...other, status: told.get(other.id) }));
  return { ...status, bus: { ...bus, others } };
}
