/**
 * The connection to one server for as long as the program wants it: logs in, and when the link is lost, tries again by
 * itself with growing waits. A line that says nothing is not waited for: another session is tried beside it, and takes its
 * place if it comes first. Who needs the server asks for `session` and waits. I/O thread.
 */

import { asFerryError, Code, FerryError, toWireError } from '@ferry/protocol';
import type { ServerEvent } from '@ferry/protocol/messages';
import { hostPort } from '@ferry/protocol/session';
import type { ConnectionStatus } from '../engine/engine.ts';
import { isUnheard, retryDelay, silenceMs } from './backoff.ts';
import { InviteRefused, type OpenOpts, Session, type SessionSpec } from './session.ts';

/** Who wants to know what becomes of a connection's sessions. */
export type SessionEar = {
  readonly session: (session: Session) => void;
  readonly event: (event: ServerEvent) => void;
  readonly lost: () => void;
  /** There will be none any more, and why. */
  readonly over: (error: FerryError) => void;
};

export type ConnectionOpts = {
  readonly spec: SessionSpec;
  readonly onStatus: (status: ConnectionStatus) => void;
  /** The owner of the server says something: foreign text. */
  readonly onNotice?: (text: string) => void;
  /** When it gives up: after so many attempts at the first contact, so many milliseconds after a loss. Infinity: never. */
  readonly attempts: { readonly first: number; readonly laterMs: number };
  /** As OpenOpts has it. */
  readonly lanesAhead?: OpenOpts['lanesAhead'];
  readonly random?: () => number;
};

/** Trying again without the user doing something is pointless. */
const hopeless: ReadonlySet<Code> = new Set([
  Code.AUTH_FAILED,
  Code.AUTH_REQUIRED,
  Code.REVOKED,
  Code.KICKED,
  Code.PIN_MISMATCH,
  Code.PIN_UNKNOWN,
  Code.VERSION,
  Code.CONFIG,
  Code.CANCELLED,
]);

/** How often is looked whether a session has fallen silent, milliseconds. */
const lookMs = 500;
/** How long after a silence lanes are asked whether they live, milliseconds. */
const awakeMs = 30_000;

type Phase =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'online'; readonly session: Session }
  | { readonly kind: 'closed'; readonly error: FerryError };

export class Connection {
  readonly #opts: ConnectionOpts;
  readonly #abort = new AbortController();
  readonly #wake = new Set<() => void>();
  readonly #ears = new Set<SessionEar>();
  #spec: SessionSpec;
  #phase: Phase = { kind: 'waiting' };
  #wasOnline = false;
  /** When the session was lost, or the first one was asked for. */
  #awaySinceMs = performance.now();
  #look: NodeJS.Timeout | undefined;
  /** Ends the attempt at a session beside the one that says nothing. */
  #beside: AbortController | undefined;
  /** When the session was last silent for {@link silenceMs}. */
  #silentAtMs = Number.NEGATIVE_INFINITY;
  /** As the server has said since the login. */
  #readOnly: boolean | undefined;
  #isClosing = false;
  #status: ConnectionStatus = { phase: 'connecting', attempt: 1 };
  #retry: (() => void) | undefined;

  constructor(opts: ConnectionOpts) {
    this.#opts = opts;
    this.#spec = opts.spec;
    void this.#run(1);
  }

  get status(): ConnectionStatus {
    return this.#status;
  }

  /** The session, if there is one now. */
  get current(): Session | undefined {
    return this.#phase.kind === 'online' ? this.#phase.session : undefined;
  }

  /** Calls back with the session that there is, each that comes, their events and ends, until the returned function is called. */
  listen(ear: SessionEar): () => void {
    this.#ears.add(ear);
    if (this.#phase.kind === 'online') ear.session(this.#phase.session);
    return () => this.#ears.delete(ear);
  }

  /** The session as soon as there is one. @throws {FerryError} why there will be none; CANCELLED */
  session(signal?: AbortSignal): Promise<Session> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (signal?.aborted === true) settle(() => reject(new FerryError(Code.CANCELLED, 'cancelled')));
        else if (this.#phase.kind === 'online') settleWith(this.#phase.session);
        else if (this.#phase.kind === 'closed') settleFailed(this.#phase.error);
      };
      const settleWith = (session: Session): void => settle(() => resolve(session));
      const settleFailed = (error: FerryError): void => settle(() => reject(error));
      const settle = (then: () => void): void => {
        this.#wake.delete(look);
        signal?.removeEventListener('abort', look);
        then();
      };
      this.#wake.add(look);
      signal?.addEventListener('abort', look, { once: true });
      look();
    });
  }

  /** Says goodbye; everyone waiting fails with CANCELLED. Idempotent. */
  close(): void {
    this.#isClosing = true;
    const phase = this.#phase;
    this.#end(new FerryError(Code.CANCELLED, 'closed'), undefined);
    this.#abort.abort();
    if (phase.kind === 'online') phase.session.close();
  }

  async #run(attempt: number): Promise<void> {
    this.#say({ phase: 'connecting', attempt });
    try {
      const session = await this.#open();
      if (this.#isClosing) {
        session.close();
        return;
      }
      this.#online(session);
    } catch (thrown) {
      const error = asFerryError(thrown);
      if (this.#isClosing) return;
      this.#failed(error, attempt);
    }
  }

  async #open(signal: AbortSignal = this.#abort.signal): Promise<Session> {
    const event = (said: ServerEvent): void => {
      if (said.kind === 'notice') this.#opts.onNotice?.(said.text);
      else if (said.kind === 'rights') this.#rightsChanged(said.readOnly);
      for (const ear of [...this.#ears]) ear.event(said);
    };
    let session: Session | undefined;
    const end = (error: FerryError): void => {
      if (session !== undefined && this.current === session) this.#lost(error);
    };
    const opts = { signal, lanesAhead: this.#opts.lanesAhead };
    try {
      session = await Session.open(this.#spec, { event, end }, opts);
    } catch (error) {
      if (!(error instanceof InviteRefused)) throw error;
      // The invite was spent, by this device perhaps: then its key is known.
      this.#spec = { ...this.#spec, token: undefined };
      session = await Session.open(this.#spec, { event, end }, opts);
    }
    if (session.channel.ended !== undefined) throw session.channel.ended;
    return session;
  }

  #online(session: Session): void {
    this.#wasOnline = true;
    this.#look ??= setInterval(() => this.#lookForSilence(performance.now()), lookMs).unref();
    // From now on this device's key opens the door; the token is spent.
    this.#spec = { ...this.#spec, token: undefined };
    this.#phase = { kind: 'online', session };
    this.#readOnly = undefined;
    this.#sayOnline(session);
    session.channel.ping();
    this.#wakeAll();
    for (const ear of [...this.#ears]) ear.session(session);
  }

  #rightsChanged(readOnly: boolean): void {
    this.#readOnly = readOnly;
    if (this.#phase.kind === 'online') this.#sayOnline(this.#phase.session);
  }

  #sayOnline(session: Session): void {
    const { user } = session.welcome;
    const readOnly = this.#readOnly ?? session.welcome.readOnly;
    this.#say({
      phase: 'online',
      address: hostPort(this.#spec),
      user,
      readOnly,
      rttMs: session.channel.rttMs,
    });
  }

  /** Tells the latest round trip to whoever shows it; called now and then by the engine. */
  refresh(): void {
    if (this.#phase.kind !== 'online' || this.#status.phase !== 'online') return;
    const { session } = this.#phase;
    if (Math.round(session.channel.rttMs) !== Math.round(this.#status.rttMs)) this.#sayOnline(session);
  }

  #lost(error: FerryError): void {
    if (this.#isClosing) return;
    this.#leave();
    this.#failed(error, 1);
  }

  /** There is no session any more. */
  #leave(): void {
    clearInterval(this.#look);
    this.#look = undefined;
    this.#beside?.abort();
    this.#awaySinceMs = performance.now();
    this.#phase = { kind: 'waiting' };
    for (const ear of [...this.#ears]) ear.lost();
  }

  #lookForSilence(nowMs: number): void {
    const session = this.current;
    if (session === undefined) return;
    if (session.silentMs(nowMs) < silenceMs) {
      this.#beside?.abort();
      // Each connection awakes in its own time, or has been forgotten by the other side.
      if (nowMs - this.#silentAtMs < awakeMs) session.askLanes(nowMs);
      return;
    }
    this.#silentAtMs = nowMs;
    if (this.#beside === undefined) void this.#tryBeside(session);
  }

  /** A session in the place of one that says nothing, unless that speaks first. */
  async #tryBeside(silent: Session): Promise<void> {
    const beside = new AbortController();
    this.#beside = beside;
    try {
      const session = await this.#open(AbortSignal.any([this.#abort.signal, beside.signal]));
      if (this.current !== silent || silent.silentMs(performance.now()) < silenceMs) {
        session.close();
        return;
      }
      this.#leave();
      silent.abort(new FerryError(Code.CONNECTION_LOST, 'the line stood still'));
      this.#online(session);
    } catch (error) {
      // It is tried again at the next look; in the end the silent one is given up, which says why.
      if (!(error instanceof FerryError)) throw error;
    } finally {
      if (this.#beside === beside) this.#beside = undefined;
    }
  }

  #failed(error: FerryError, attempt: number): void {
    const { first, laterMs } = this.#opts.attempts;
    const awayMs = performance.now() - this.#awaySinceMs;
    const isEnough = this.#wasOnline ? awayMs >= laterMs : attempt >= first;
    if (hopeless.has(error.code) || isEnough) {
      this.#end(error, error);
      return;
    }
    const random = this.#opts.random ?? Math.random;
    const delayMs = retryDelay({ attempt, awayMs, unheard: isUnheard(error) }, random());
    const retryMs = Math.max(delayMs, error.retryAfterMs ?? 0);
    this.#say({ phase: 'offline', error: toWireError(error), retryMs, attempt });
    const run = (): void => {
      this.#retry = undefined;
      void this.#run(attempt + 1);
    };
    const timer = setTimeout(run, retryMs);
    // A server that asked to wait is not asked sooner.
    if (error.retryAfterMs === undefined)
      this.#retry = () => {
        clearTimeout(timer);
        run();
      };
    this.#abort.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  #end(error: FerryError, shown: FerryError | undefined): void {
    if (this.#phase.kind === 'closed') return;
    clearInterval(this.#look);
    this.#phase = { kind: 'closed', error };
    this.#say({ phase: 'closed', error: shown === undefined ? undefined : toWireError(shown) });
    this.#wakeAll();
    for (const ear of [...this.#ears]) ear.over(error);
  }

  /** Makes the next attempt now, where one is waited for and the server has not asked to wait. */
  retryNow(): void {
    if (!this.#isClosing) this.#retry?.();
  }

  #say(status: ConnectionStatus): void {
    this.#status = status;
    this.#opts.onStatus(status);
  }

  #wakeAll(): void {
    for (const look of [...this.#wake]) look();
  }
}
