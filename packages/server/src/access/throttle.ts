/**
 * How often somebody may be wrong: penalties by where they come from, and waits by the account that they try. Only strangers
 * meet them; a known device logs in without. Pure; used on the main thread.
 */

import { isIPv6 } from 'node:net';

/** What a source did, and for how long that counts, milliseconds. */
export const penaltyMs = {
  /** A wrong password; from the fifth on each costs twice as much as the one before. */
  password: 5000,
  /** An unknown device, or an invite that is not good. */
  proof: 2000,
  /** Connected and left without trying. */
  left: 1000,
  /** Took too long. */
  slow: 10_000,
  /** Sent what no client sends. */
  malformed: 10_000,
  /** Sent what a thread of the server died of. */
  broke: 90_000,
} as const;
export type Offence = keyof typeof penaltyMs;

/** Who owes more than this is not let in… */
const barredMs = 15_000;
/** …and nobody owes more than this. */
const mostMs = 600_000;
const mostSources = 65_536;
/** Wrong passwords of a source that cost no more than the first; each is forgotten after so long, milliseconds. */
const cheapPasswords = 4;
const forgetMs = 600_000;

type Debt = {
  /** When all is forgiven. */
  readonly untilMs: number;
  /** Wrong passwords that are remembered, and the last of them. */
  readonly passwords: number;
  readonly passwordMs: number;
};

const nothing: Debt = { untilMs: 0, passwords: 0, passwordMs: Number.NEGATIVE_INFINITY };

function remembered({ passwords, passwordMs }: Debt, nowMs: number): number {
  if (passwords === 0) return 0;
  return Math.max(0, passwords - Math.floor((nowMs - passwordMs) / forgetMs));
}

/** What sources owe. It passes by itself. */
export class Penalties {
  /** The one who offended longest ago first. */
  readonly #debts = new Map<string, Debt>();
  readonly #tell: (source: string, offence: Offence) => void;

  /** @param tell of what is added here, to the other servers */
  constructor(tell: (source: string, offence: Offence) => void = () => {}) {
    this.#tell = tell;
  }

  add(source: string, offence: Offence, nowMs: number): void {
    if (isExempt(source)) return;
    this.heard(source, offence, nowMs);
    this.#tell(source, offence);
  }

  /** From another server. */
  heard(source: string, offence: Offence, nowMs: number): void {
    if (isExempt(source)) return;
    const key = sourceKey(source);
    const debt = this.#debts.get(key) ?? nothing;
    const isPassword = offence === 'password';
    const passwords = remembered(debt, nowMs) + (isPassword ? 1 : 0);
    const times = isPassword ? 2 ** Math.min(Math.max(0, passwords - cheapPasswords), 16) : 1;
    this.#debts.delete(key);
    this.#debts.set(key, {
      untilMs: Math.min(Math.max(nowMs, debt.untilMs) + penaltyMs[offence] * times, nowMs + mostMs),
      passwords,
      passwordMs: isPassword ? nowMs : debt.passwordMs,
    });
    const [oldest] = this.#debts.keys();
    if (this.#debts.size > mostSources && oldest !== undefined) this.#debts.delete(oldest);
  }

  /** How long the source is kept out, milliseconds; 0: not at all. */
  waitMs(source: string, nowMs: number): number {
    const key = sourceKey(source);
    const debt = this.#debts.get(key) ?? nothing;
    const owedMs = debt.untilMs - nowMs;
    if (owedMs <= 0 && remembered(debt, nowMs) === 0) this.#debts.delete(key);
    return Math.max(0, owedMs - barredMs);
  }

  /** Those who are kept out now, and how long, milliseconds. */
  *barred(nowMs: number): Generator<readonly [source: string, ms: number]> {
    for (const [source, { untilMs }] of this.#debts) {
      if (untilMs - nowMs > barredMs) yield [source, untilMs - nowMs - barredMs];
    }
  }
}

/** This machine: behind a tunnel or in a container everybody comes from there, and would pay for each other. */
export function isExempt(source: string): boolean {
  return source === '127.0.0.1' || source === '::1' || source === '::ffff:127.0.0.1';
}

/** One customer of a provider: an IPv4 address, or the first half of an IPv6 address. */
export function sourceKey(source: string): string {
  const plain = source.replace(/^::ffff:(?=[0-9.]+$)/, '').replace(/%.*$/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = [...first, ...Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0'), ...last];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}

/** Wrong passwords in a row that cost nothing… */
const freeFailures = 5;
/** …after which each costs twice as long as the one before, up to this, milliseconds… */
const longestWaitMs = 60_000;
/** …and this many close the way by password, until the server is started again or a known device logs in. */
const lastFailure = 100;
const mostAccounts = 65_536;
const mostTold = 100;

/** Wrong passwords by account, existing or not: the same for both. */
export class AccountThrottle {
  readonly #failures = new Map<string, { count: number; untilMs: number }>();
  readonly #tell: (user: string, isRight: boolean) => void;

  /** @param tell of what happened here, to the other servers */
  constructor(tell: (user: string, isRight: boolean) => void = () => {}) {
    this.#tell = tell;
  }

  /** How long nobody may try this account by password, milliseconds; Infinity: not before `succeeded`. */
  waitMs(user: string, nowMs: number): number {
    const found = this.#failures.get(user);
    if (found === undefined) return 0;
    return found.count >= lastFailure ? Number.POSITIVE_INFINITY : Math.max(0, found.untilMs - nowMs);
  }

  /** Accounts that nobody may try now, and how long, as waitMs; the latest first, and no more than a person looks at. */
  *waits(nowMs: number): Generator<readonly [user: string, ms: number]> {
    let told = 0;
    for (const user of [...this.#failures.keys()].toReversed()) {
      const ms = this.waitMs(user, nowMs);
      if (ms === 0) continue;
      yield [user, ms];
      told += 1;
      if (told === mostTold) return;
    }
  }

  failed(user: string, nowMs: number): void {
    this.heardFailed(user, nowMs);
    this.#tell(user, false);
  }

  succeeded(user: string): void {
    if (this.heardSucceeded(user)) this.#tell(user, true);
  }

  /** At another server. */
  heardFailed(user: string, nowMs: number): void {
    const count = (this.#failures.get(user)?.count ?? 0) + 1;
    const waitMs =
      count < freeFailures ? 0 : Math.min(longestWaitMs, 1000 * 2 ** Math.min(count - freeFailures, 16));
    this.#failures.delete(user);
    this.#failures.set(user, { count, untilMs: nowMs + waitMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > mostAccounts && oldest !== undefined) this.#failures.delete(oldest);
  }

  /** At another server. @returns whether there was anything to forget */
  heardSucceeded(user: string): boolean {
    return this.#failures.delete(user);
  }
}
