/**
 * Password checks of all workers: a line of bounded length before the one thread that hashes. Main thread.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Code, FerryError, limits } from '@ferry/protocol';
import { note } from '../access/note.ts';
import type { AccessChanges } from '../access/operations.ts';
import type { PasswordAnswer, PasswordQuestion } from '../access/password-thread.ts';
import { AccountThrottle } from '../access/throttle.ts';
import type { GateStatus } from './status.ts';

/** No failure is answered sooner, so that all take alike, milliseconds. */
const failureMs = 250;

type Waiting = {
  readonly resolve: (account: number | undefined) => void;
  readonly reject: (why: FerryError) => void;
};

export class Passwords {
  readonly #accessFile: string;
  readonly #changes: AccessChanges;
  readonly #throttle: AccountThrottle;
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | undefined;
  #nextId = 1;

  constructor(accessFile: string, changes: AccessChanges, throttle = new AccountThrottle()) {
    this.#throttle = throttle;
    this.#accessFile = accessFile;
    this.#changes = changes;
  }

  /** Whose password it is; undefined: nobody's. @throws {FerryError} AUTH_THROTTLED, BUSY */
  async check(user: string, password: string): Promise<number | undefined> {
    const sinceMs = performance.now();
    const waitMs = this.#throttle.waitMs(user, sinceMs);
    if (waitMs === Number.POSITIVE_INFINITY) {
      throw new FerryError(
        Code.AUTH_FAILED,
        'too many wrong passwords: log in from a device that is known, or ask the owner',
      );
    }
    if (waitMs > 0) {
      throw new FerryError(Code.AUTH_THROTTLED, 'too many wrong passwords: try again later', {
        retryAfterMs: Math.ceil(waitMs),
      });
    }
    this.#checkRoom();
    // Wrong until it is known to be right: many at once must not slip through together.
    this.#throttle.failed(user, performance.now());
    const account = await this.#ask(user, password);
    if (account === undefined) {
      await pause(Math.max(0, failureMs - (performance.now() - sinceMs)));
    } else {
      this.#throttle.succeeded(user);
    }
    return account;
  }

  /** A known device of the account is here. */
  succeeded(user: string): void {
    this.#throttle.succeeded(user);
  }

  /** For the owner to see. */
  get status(): Pick<GateStatus, 'passwordsWaiting' | 'guessed'> {
    return {
      passwordsWaiting: this.#waiting.size,
      guessed: [...this.#throttle.waits(performance.now())].map(([user, ms]) => ({
        user,
        ms: Number.isFinite(ms) ? Math.ceil(ms) : undefined,
      })),
    };
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.#thread?.terminate();
  }

  #checkRoom(): void {
    if (this.#waiting.size < limits.passwordsWaiting) return;
    throw new FerryError(Code.BUSY, 'too many people are logging in: try again in a moment', {
      retryAfterMs: 2000,
    });
  }

  #ask(user: string, password: string): Promise<number | undefined> {
    const thread = this.#thread ?? this.#start();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      thread.postMessage({ id, user, password } satisfies PasswordQuestion);
    });
  }

  /** With the first password: most servers never need it. */
  #start(): Worker {
    const thread = new Worker(new URL('../access/password-thread.ts', import.meta.url), {
      name: 'passwords',
      workerData: { accessFile: this.#accessFile },
    });
    thread.unref();
    thread.on('message', ({ id, account, renewed }: PasswordAnswer) => {
      if (account !== undefined && renewed !== undefined) {
        note(this.#changes.make('renewPassword', { account, record: renewed }));
      }
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      waiting?.resolve(account);
    });
    // Whatever broke it: who waits hears of it, and the next password starts another.
    thread.on('error', () => {});
    thread.once('exit', () => {
      if (this.#thread === thread) this.#thread = undefined;
      for (const { reject } of this.#waiting.values()) {
        reject(new FerryError(Code.BUSY, 'the password could not be checked: try again'));
      }
      this.#waiting.clear();
    });
    this.#thread = thread;
    return thread;
  }
}
