/**
 * What can be counted from the log's events, which pass the main thread anyway: logins by their way, refusals by their reason, files.
 * Main thread.
 */

import type { LogEvent } from '../log-event.ts';

/** Counts since the start. The names are our own: ways of logging in and names of error codes, so there are few. */
export type Tallies = {
  readonly logins: Readonly<Record<string, number>>;
  readonly refusals: Readonly<Record<string, number>>;
  /** Files that people downloaded and uploaded. */
  readonly filesSent: number;
  readonly filesReceived: number;
  /** Errors that the owner should look at. */
  readonly troubles: number;
};

export class Tally {
  readonly #logins = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  #filesSent = 0;
  #filesReceived = 0;
  #troubles = 0;

  count(event: LogEvent): void {
    switch (event.what) {
      case 'joined':
        add(this.#logins, event.by);
        break;
      case 'refused':
        add(this.#refusals, event.code);
        break;
      case 'sent':
        this.#filesSent += event.files ?? 1;
        break;
      case 'received':
        this.#filesReceived += event.files ?? 1;
        break;
      case 'trouble':
        this.#troubles += 1;
        break;
      default:
    }
  }

  get tallies(): Tallies {
    return {
      logins: Object.fromEntries(this.#logins),
      refusals: Object.fromEntries(this.#refusals),
      filesSent: this.#filesSent,
      filesReceived: this.#filesReceived,
      troubles: this.#troubles,
    };
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
