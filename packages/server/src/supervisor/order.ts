/** What the owner may have a running server do to one session or account, as his screen says it on the status socket. Pure; main thread. */

import { Code, FerryError, limits, type Shown } from '@ferry/protocol';
import prettyBytes from 'pretty-bytes';

export type Rates = {
  /** Bytes a second to and from the session; undefined: no limit. */
  readonly down: number | undefined;
  readonly up: number | undefined;
};

/** `session` in hex. */
export type SessionOrder =
  /** Ends its connections; nothing that it was given opens another. */
  | { readonly do: 'kick'; readonly session: string }
  /** Until the session ends, or is told otherwise. */
  | { readonly do: 'throttle'; readonly session: string; readonly rates: Rates }
  /** Shown to whoever sits there, as from the owner. */
  | { readonly do: 'tell'; readonly session: string; readonly text: string };

/** To all sessions of an account, on whichever server. */
export type AccountOrder =
  /** Ends them; they may come back. */
  | { readonly do: 'kick-account'; readonly user: string }
  /** From now on, also after a restart. */
  | { readonly do: 'limit-account'; readonly user: string; readonly rates: Rates };

export type Order = SessionOrder | AccountOrder;

export function isOfAccount(order: Order): order is AccountOrder {
  return 'user' in order;
}

/** @throws {FerryError} USAGE for anything that is no order */
export function readOrder(value: unknown): Order {
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const { do: verb, session, rates, text, user } = fields;
  if (verb === 'kick-account' || verb === 'limit-account') {
    if (typeof user !== 'string' || user === '' || Buffer.byteLength(user) > limits.textBytes)
      throw senseless();
    return verb === 'kick-account' ? { do: verb, user } : { do: verb, user, rates: readRates(rates) };
  }
  if (typeof session !== 'string' || !/^[0-9a-f]{1,64}$/.test(session)) throw senseless();
  switch (verb) {
    case 'kick':
      return { do: verb, session };
    case 'throttle':
      return { do: verb, session, rates: readRates(rates) };
    case 'tell':
      if (typeof text !== 'string' || text === '' || Buffer.byteLength(text) > limits.textBytes) {
        throw new FerryError(Code.USAGE, `a message has 1 to ${limits.textBytes} bytes`);
      }
      return { do: verb, session, text };
    default:
      throw senseless();
  }
}

/** For the log; a message's words are between the two. @param whose as a log names people */
export function orderWords(order: Order, whose: Shown): string {
  switch (order.do) {
    case 'kick':
      return `the owner has closed the session of ${whose}`;
    case 'tell':
      return `the owner has told ${whose} something`;
    case 'throttle':
      return `the session of ${whose}: ${rateWords(order.rates)}`;
    case 'kick-account':
      return `the owner has closed all sessions of ${whose}`;
    case 'limit-account':
      return `the account ${whose}: ${rateWords(order.rates)}`;
  }
}

function rateWords({ down, up }: Rates): string {
  const rate = (bytes: number | undefined): string =>
    bytes === undefined ? 'without a limit' : `at most ${prettyBytes(bytes, { binary: true })}/s`;
  return `down ${rate(down)}, up ${rate(up)}`;
}

function readRates(value: unknown): Rates {
  const { down, up }: { down?: unknown; up?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  const rate = (one: unknown): number | undefined => {
    if (one === undefined || one === null) return undefined;
    if (typeof one === 'number' && Number.isSafeInteger(one) && one > 0) return one;
    throw senseless();
  };
  return { down: rate(down), up: rate(up) };
}

function senseless(): FerryError {
  return new FerryError(Code.USAGE, 'that is no order');
}
