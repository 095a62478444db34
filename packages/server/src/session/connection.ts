/**
 * One connection from its first frame to its end. The first frame decides what it becomes: hello a session, attach a lane;
 * nothing else is answered before. Worker threads.
 */

import { Code, FerryError, limits, show } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { Link } from '@ferry/protocol/link';
import {
  type Attach,
  attach,
  type Hello,
  hello,
  protocolVersion,
  type Welcome,
} from '@ferry/protocol/messages';
import {
  type Handlers,
  handler,
  laneProof,
  loginText,
  newSessionId,
  openTicket,
  ServerChannel,
  sameSecret,
  sessionSecret,
  type TicketKeys,
} from '@ferry/protocol/session';
import { checkVersion, type LoginRules, logIn } from '../access/login.ts';
import { type Principal, roleOf } from '../access/principal.ts';
import type { LogEvent } from '../log-event.ts';
import type { ContentIndex } from '../storage/content-index.ts';
import type { Storage } from '../storage/storage.ts';
import { withReadOnly } from '../storage/with-read-only.ts';
import { withRoot } from '../storage/with-root.ts';
import type { Transfers } from '../worker/transfers.ts';
import type { SessionContext } from './context.ts';
import { Lane } from './lane.ts';
import { sessionHandlers } from './session.ts';

export type ConnectionContext = {
  readonly storage: Storage;
  readonly login: LoginRules;
  readonly ticketKeys: TicketKeys;
  readonly pool: BlockPool;
  readonly contents: ContentIndex;
  readonly transfers: Transfers;
  readonly log: (event: LogEvent) => void;
  /** Once, when it is no stranger any more. */
  readonly onKnown: () => void;
};

export type ConnectionOpts = ConnectionContext & {
  /** When a stranger is thrown out, on performance.now's clock. */
  readonly deadlineMs: number;
  /** Once. */
  readonly onEnd: () => void;
};

/** What a connection is; a stranger may become one of the others, once. */
type Phase =
  | { readonly kind: 'stranger' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'session'; readonly context: SessionContext; readonly beganMs: number }
  | { readonly kind: 'lane'; readonly context: SessionContext; readonly lane: Lane };

/** How long a peer may take to close its side after we have closed ours, milliseconds. */
const farewellMs = 2000;

const noHandlers: Handlers = new Map();
const reportable: ReadonlySet<Code> = new Set([Code.INTERNAL, Code.IO_ERROR, Code.NO_SPACE, Code.CONFIG]);

export class Connection {
  readonly #opts: ConnectionOpts;
  readonly #link: Link;
  readonly #channel: ServerChannel;
  readonly #deadline: NodeJS.Timeout;
  #farewell: NodeJS.Timeout | undefined;
  #phase: Phase = { kind: 'stranger' };

  constructor(link: Link, opts: ConnectionOpts) {
    this.#opts = opts;
    this.#link = link;
    this.#deadline = setTimeout(
      () => this.#channel.abort(new FerryError(Code.TIMEOUT, 'the login took too long')),
      opts.deadlineMs - performance.now(),
    );
    this.#channel = new ServerChannel(link, {
      pool: opts.pool,
      handlers: new Map([
        handler(hello, (request) => this.#hello(request)),
        handler(attach, (request) => this.#attach(request)),
      ]),
      onFailure: (_kind, error) => this.#onFailure(error),
      onEnd: (error) => this.#onEnd(error),
    });
  }

  /** Tells a session that the server is going down. */
  announceEnd(drainMs: number): void {
    if (this.#phase.kind === 'session') this.#channel.sendEvent({ kind: 'going-down', drainMs });
  }

  /** Lets go out what was sent, then ends; a peer that does not end its side is cut off. Idempotent. */
  close(): void {
    this.#channel.close();
    this.#farewell ??= setTimeout(
      () => this.#channel.abort(new FerryError(Code.TIMEOUT, 'the other side did not close')),
      farewellMs,
    );
  }

  #hello(request: Hello): Welcome {
    const { login, ticketKeys, transfers } = this.#opts;
    const principal = logIn(login, request, loginText(this.#link), Date.now());
    const context = this.#contextFor(principal);
    const sessionId = newSessionId();
    this.#become({ kind: 'session', context, beganMs: performance.now() });
    this.#channel.become(
      sessionHandlers(context, sessionId, ticketKeys, transfers),
      limits.controlFrameBytes,
    );
    const readOnly = principal.role !== 'owner';
    this.#opts.log({
      what: 'joined',
      who: context.who,
      client: show(request.client),
      readOnly,
      by: waysIn[request.login],
    });
    return {
      version: protocolVersion,
      features: 0,
      sessionId,
      sessionSecret: sessionSecret(ticketKeys, sessionId),
      user: principal.user,
      readOnly,
      lanes: limits.sessionLanes,
    };
  }

  #attach(request: Attach): Record<never, never> {
    const { pool, transfers, ticketKeys, contents } = this.#opts;
    checkVersion(request.version);
    transfers.checkWelcome();
    const grant = openTicket(ticketKeys, Buffer.from(request.ticket), Date.now());
    const proof = laneProof(this.#link, sessionSecret(ticketKeys, grant.sessionId));
    if (!sameSecret(proof, request.proof))
      throw new FerryError(Code.TICKET_INVALID, 'the ticket is not valid');
    const context = this.#contextFor({ user: grant.user, role: roleOf(grant.readOnly), root: grant.root });
    const lane = new Lane({ ...context, pool, transfers, contents });
    this.#become({ kind: 'lane', context, lane });
    this.#channel.become(lane.handlers, limits.controlFrameBytes, (buffer, bodyBytes) =>
      lane.block(buffer, bodyBytes),
    );
    return {};
  }

  #contextFor(principal: Principal): SessionContext {
    const { storage, log } = this.#opts;
    const seen = withRoot(storage, principal.root);
    return {
      principal,
      who: { user: show(principal.user), peer: this.#link.peer },
      storage: principal.role === 'owner' ? seen : withReadOnly(seen),
      log,
    };
  }

  #become(phase: Phase): void {
    clearTimeout(this.#deadline);
    this.#phase = phase;
    this.#opts.onKnown();
  }

  #onFailure(error: FerryError): void {
    const phase = this.#phase;
    if (phase.kind === 'stranger') this.#refuse(error);
    else if (phase.kind !== 'refused' && reportable.has(error.code)) {
      const { who } = phase.context;
      this.#opts.log({ what: 'trouble', who, code: error.codeName, why: show(error.message) });
    }
  }

  /** A stranger has one try. */
  #refuse(error: FerryError): void {
    this.#phase = { kind: 'refused' };
    this.#channel.become(noHandlers, limits.helloFrameBytes);
    this.#opts.log({
      what: 'refused',
      peer: this.#link.peer,
      code: error.codeName,
      why: show(error.message),
    });
    // The answer goes out first: the channel may send it after this call.
    setImmediate(() => this.close());
  }

  #onEnd(error: FerryError | undefined): void {
    clearTimeout(this.#deadline);
    clearTimeout(this.#farewell);
    const phase = this.#phase;
    const { log, onEnd } = this.#opts;
    if (phase.kind === 'lane') phase.lane.end();
    if (phase.kind === 'session') {
      const why = error === undefined ? undefined : show(error.message);
      log({ what: 'left', who: phase.context.who, ms: performance.now() - phase.beganMs, why });
    }
    if (phase.kind === 'stranger') {
      const why = error ?? new FerryError(Code.AUTH_REQUIRED, 'it left without logging in');
      log({ what: 'refused', peer: this.#link.peer, code: why.codeName, why: show(why.message) });
    }
    onEnd();
  }
}

const waysIn = ['without an account', 'with its device key', 'with an invite'] as const;
