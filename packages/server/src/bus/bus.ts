/**
 * How the threads of a server, and later its machines, tell one another what happens: changed folders, who is here, chat. Events
 * only: no bytes of files, and nothing that must not be lost. Implemented between the threads of a process (thread-bus.ts, hub.ts);
 * each implementation is held to test/suites/bus.suite.ts. Called on worker threads.
 *
 * What every implementation does:
 *   - A message reaches each subscription of its subject at most once, the publisher's own too, and never within `publish`.
 *   - Messages of one publisher come in the order in which they were published; those of several in no particular one.
 *   - From `ready` on nothing is missed that anybody publishes later, except where `onGap` says so.
 *   - Nothing piles up: for whoever does not keep up, or when the line between members breaks, messages are dropped, and `onGap`
 *     comes before the next one that is not. Whoever hears it looks for itself how things are by now.
 *   - When a member dies or closes, the others hear of it once, after all that they hear from it. What it published last may be lost.
 */

export type Listener = {
  /** Must not wait; whoever cannot take it now keeps a bounded amount by itself. `body` may be kept. `from` is a member. */
  readonly onMessage: (body: Uint8Array, from: string) => void;
  /** Messages of this subject were lost. */
  readonly onGap: () => void;
};

export type Subscription = {
  /** From then on nothing is missed. Never rejects; of one that was left, or of a bus that was closed, it may never resolve. */
  readonly ready: Promise<void>;
  /** Nothing is heard from now on. Idempotent. */
  readonly leave: () => void;
};

export interface Bus {
  /** Names this member among all that there were since the server was started. */
  readonly member: string;
  /**
   * @param subject names in small letters, digits and hyphens with dots in between, at most limits.busSubjectBytes
   * @param body at most limits.busMessageBytes; the caller's again afterwards
   * @throws {RangeError} on anything else, which is a bug of the caller's
   */
  publish(subject: string, body: Uint8Array): void;
  /** @throws {RangeError} as {@link publish} */
  subscribe(subject: string, listener: Listener): Subscription;
  /** Calls `listener` with each member that has gone. Gives back a function that ends it. */
  onGone(listener: (member: string) => void): () => void;
  /** Leaves for good; everything but `leave` of a subscription throws afterwards. Idempotent. */
  close(): void;
}
