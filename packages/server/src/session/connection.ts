/**
 * One connection from its first frame to its end. The first frame decides what it becomes: hello a session, attach a lane;
 * nothing else is answered before. Worker threads.
 */

import { Code, FerryError, limits, show } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';
import {
  type Attach,
  attach,
  type Enrol,
  Feature,
  type Hello,
  hello,
  Login,
  type Password,
  password,
  protocolVersion,
  type Welcome,
} from '@ferry/protocol/messages';
import {
  type Handlers,
  handler,
  laneText,
  loginText,
  newSessionId,
  ServerChannel,
  verifyDevice,
} from '@ferry/protocol/session';
import type { LaneGrant } from '../access/lane-tickets.ts';
import {
  checkVersion,
  enterWithPassword,
  logIn,
  principalOfFarLane,
  principalOfLane,
} from '../access/login.ts';
import { makeOwnFolder } from '../access/own-folder.ts';
import type { Principal } from '../access/principal.ts';
import { isReadOnly } from '../access/rights.ts';
import { kicked } from '../access/standing.ts';
import type { Offence } from '../access/throttle.ts';
import { brokenCodes } from '../metrics/meters.ts';
import { type ChatDoor, chatDoor, chatLink } from './chat-link.ts';
import type { ConnectionOpts } from './connection-context.ts';
import { auditOf, type SessionContext } from './context.ts';
import { enrolFor } from './enrol-for.ts';
import { Lane } from './lane.ts';
import { offenceOf } from './offence-of.ts';
import { pacingOf } from './pacing.ts';
import { personKey } from './person-key.ts';
import { sessionHandlers } from './session.ts';
import { storageFor } from './storage-for.ts';
import { type Surroundings, surroundingsFor } from './surroundings.ts';

export type { ConnectionContext, ConnectionOpts, KnownAs } from './connection-context.ts';

type SessionPhase = {
  readonly kind: 'session';
  readonly context: SessionContext;
  readonly beganMs: number;
  readonly chat: ChatDoor;
  readonly around: Surroundings;
};

/** What a connection is; a stranger may become one of the others, once. */
type Phase =
  | { readonly kind: 'stranger' }
  | { readonly kind: 'refused' }
  | SessionPhase
  | { readonly kind: 'lane'; readonly context: SessionContext; readonly lane: Lane };

/** How long a peer may take to close its side after we have closed ours, milliseconds… */
const farewellMs = 2000;
/** …and after the owner has ended it: what was sent to it before must not go on flowing. */
const endedMs = 500;

const noHandlers: Handlers = new Map();

export class Connection {
  readonly #opts: ConnectionOpts;
  readonly #link: Link;
  readonly #channel: ServerChannel;
  readonly #deadline: NodeJS.Timeout;
  #farewell: NodeJS.Timeout | undefined;
  #hasTried = false;
  #isOver = false;
  /** What it counts as if the login fails. */
  #offence: Offence = 'proof';
  /** Why we ended it. */
  #why: FerryError | undefined;
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
        handler(password, (request) => this.#password(request)),
        handler(attach, (request) => this.#attach(request)),
      ]),
      onFailure: (_kind, error) => this.#onFailure(error),
      meter: opts.meters,
      ...(opts.work === undefined ? {} : { work: opts.work }),
      onEnd: (error) => this.#onEnd(error),
    });
  }

  /** Bytes so far. */
  get moved(): { readonly received: number; readonly sent: number } {
    return this.#channel.moved;
  }

  /** Tells a session that the server is going down. */
  announceEnd(drainMs: number): void {
    if (this.#phase.kind === 'session') this.#channel.sendEvent({ kind: 'going-down', drainMs });
  }

  /** Something from the owner, to whoever sits at a session. */
  tell(text: string): void {
    if (this.#phase.kind === 'session') this.#channel.sendEvent({ kind: 'notice', text });
  }

  /** Lets go out what was sent, then ends; a peer that does not end its side is cut off. Idempotent. */
  close(): void {
    this.#channel.close();
    this.#cutOffAfter(farewellMs);
  }

  /** Now, without a word. */
  abort(error: FerryError): void {
    this.#channel.abort(error);
  }

  /** Says why, stops what it is doing, and ends it. Idempotent. */
  end(why: FerryError): void {
    if (this.#why !== undefined) return;
    this.#why = why;
    this.#channel.end(why);
    this.#cutOffAfter(endedMs);
  }

  #cutOffAfter(ms: number): void {
    this.#farewell ??= setTimeout(
      () => this.#channel.abort(new FerryError(Code.TIMEOUT, 'the other side did not close')),
      ms,
    );
  }

  async #hello(request: Hello): Promise<Welcome> {
    this.#begin(request.version, request.login === Login.key);
    const principal = await logIn(this.#opts.login, request, loginText(this.#link), Date.now());
    this.#checkThere();
    return this.#enter(principal, request.client, waysIn[request.login]);
  }

  async #password(request: Password): Promise<Welcome> {
    this.#begin(request.version, false);
    if (!verifyDevice(request.deviceKey, loginText(this.#link), request.signature)) {
      throw new FerryError(Code.MALFORMED, 'a login without a good signature');
    }
    this.#offence = 'password';
    const account = await this.#opts.checkPassword(request.user, request.password);
    this.#checkThere();
    const principal = await enterWithPassword(this.#opts.login, request, account, Date.now());
    this.#checkThere();
    return this.#enter(principal, request.client, 'with a password');
  }

  /** @throws {FerryError} CANCELLED */
  #checkThere(): void {
    if (this.#isOver) throw new FerryError(Code.CANCELLED, 'it left meanwhile');
  }

  /**
   * A stranger has one try.
   * @param isProof it cannot be guessed, so it is looked at also when its address has guessed too often
   * @throws {FerryError} BAD_STATE, VERSION, and what the supervisor said
   */
  #begin(version: number, isProof: boolean): void {
    const { refusal } = this.#opts;
    if (refusal !== undefined && !(isProof && refusal.code === Code.AUTH_THROTTLED)) throw refusal;
    if (this.#hasTried) throw new FerryError(Code.BAD_STATE, 'one login is being looked at already');
    this.#hasTried = true;
    checkVersion(version);
  }

  #enter(principal: Principal, client: string, by: string): Welcome {
    const { tickets, transfers, login, desk, admin, chat: hub } = this.#opts;
    this.#checkShunned(principal);
    const sessionId = newSessionId();
    const context = this.#contextFor(principal, sessionId);
    const isShare = principal.account?.share !== undefined;
    if (!isShare) void makeOwnFolder(this.#opts.storage, principal);
    const readOnly = isReadOnly(principal.rights, principal.root);
    const chat = chatDoor(hub, principal, () => chatLink(context, login.store, this.#link, this.#channel));
    const around = surroundingsFor(context, this.#opts, this.#channel, client);
    this.#become({ kind: 'session', context, beganMs: performance.now(), chat, around });
    const grantTicket = (): Buffer => {
      const { account, kicks } = principal;
      return tickets.give({ sessionId, device: account?.device, kicks });
    };
    const enrolDevice = (request: Enrol): Promise<void> =>
      enrolFor(principal, login, this.#link, request, client);
    const ofSession = { grantTicket, enrolDevice, transfers, desk, admin, chat: chat.member, ...around };
    const handlers = sessionHandlers(context, ofSession);
    this.#channel.become(handlers, limits.controlFrameBytes);
    this.#opts.log({ what: 'joined', who: context.who, client: show(client), readOnly, by });
    context.audit?.({ verb: 'login', by, ms: 0 });
    return {
      version: protocolVersion,
      features: isShare ? Feature.countsDownloads : 0,
      sessionId,
      sessionSecret: tickets.secretOf(sessionId),
      user: principal.user,
      readOnly,
      lanes: limits.sessionLanes,
    };
  }

  /** Nothing is waited for where the ticket is our own: the lane's requests may come right behind it. */
  async #attach(request: Attach): Promise<Record<never, never>> {
    const { tickets, transfers, login, askForLane } = this.#opts;
    this.#begin(request.version, true);
    transfers.checkWelcome();
    const shown = { ticket: request.ticket, proof: request.proof, text: laneText(this.#link) };
    const issuer = tickets.otherIssuerOf(shown);
    if (issuer === undefined) {
      const grant = tickets.spend(shown);
      return this.#becomeLane(principalOfLane(login, grant), grant);
    }
    const asked = askForLane(issuer, shown).then(async (grant) => ({
      grant,
      principal: await principalOfFarLane(login, grant),
    }));
    const { grant, principal } = await this.#channel.holdFor(asked);
    if (this.#isOver) throw new FerryError(Code.CANCELLED, 'it left meanwhile');
    return this.#becomeLane(principal, grant);
  }

  #becomeLane(principal: Principal, grant: LaneGrant): Record<never, never> {
    const { bufferShares, transfers, contents, desk } = this.#opts;
    this.#checkShunned(principal);
    const context = this.#contextFor(principal, grant.sessionId);
    if (this.#opts.sessionRules.isKicked(context.sessionId)) throw kicked();
    const buffers = bufferShares.of(personKey(context.principal, this.#link.peer));
    const lane = new Lane({ ...context, buffers, transfers, contents, desk });
    this.#become({ kind: 'lane', context, lane });
    this.#channel.become(
      lane.handlers,
      limits.laneFrameBytes,
      (buffer, bodyBytes) => lane.block(buffer, bodyBytes),
      pacingOf(context, this.#opts),
    );
    return {};
  }

  /** @throws {FerryError} BUSY */
  #checkShunned({ user }: Principal): void {
    const why = this.#opts.sessionRules.shunned(user, performance.now());
    if (why !== undefined) throw why;
  }

  #rightsChanged(): void {
    if (this.#phase.kind !== 'session') return;
    const { context, around } = this.#phase;
    const { standing, principal } = context;
    this.#channel.sendEvent({ kind: 'rights', readOnly: isReadOnly(standing.rights(), principal.root) });
    around.watches.rightsChanged();
    around.presence.rightsChanged();
  }

  #contextFor(principal: Principal, sessionId: Uint8Array): SessionContext {
    const { standings, log, audit } = this.#opts;
    const { peer } = this.#link;
    const standing = standings.enter(
      principal,
      (why) => this.end(why),
      () => this.#rightsChanged(),
    );
    const session = Buffer.from(sessionId).toString('hex');
    return {
      sessionId: session,
      principal,
      standing,
      who: { user: show(principal.user), peer },
      storage: storageFor(this.#opts, principal, standing),
      log,
      audit: auditOf(audit, principal, peer, session),
    };
  }

  #become(phase: Extract<Phase, { context: SessionContext }>): void {
    clearTimeout(this.#deadline);
    this.#phase = phase;
    this.#opts.onKnown({
      user: phase.context.principal.user,
      kind: phase.kind,
      sessionId: phase.context.sessionId,
    });
  }

  #onFailure(error: FerryError): void {
    const phase = this.#phase;
    if (phase.kind === 'stranger') this.#refuse(error);
    else if (phase.kind !== 'refused' && brokenCodes.has(error.code)) {
      const { who } = phase.context;
      this.#opts.log({ what: 'trouble', who, code: error.codeName, why: show(error.message) });
    }
  }

  /** A stranger has one try. */
  #refuse(error: FerryError): void {
    this.#phase = { kind: 'refused' };
    this.#offended(error);
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

  #offended(error: FerryError | undefined): void {
    if (this.#opts.refusal !== undefined) return;
    const offence = offenceOf(error, this.#offence);
    if (offence !== undefined) this.#opts.onOffence(offence);
  }

  #onEnd(error: FerryError | undefined): void {
    this.#isOver = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#farewell);
    const phase = this.#phase;
    const { log, onEnd } = this.#opts;
    if (phase.kind === 'lane') phase.lane.end();
    if (phase.kind === 'lane' || phase.kind === 'session') phase.context.standing.leave();
    if (phase.kind === 'session') {
      phase.chat.end();
      phase.around.watches.end();
      phase.around.presence.end();
      const ended = this.#why ?? error;
      const why = ended === undefined ? undefined : show(ended.message);
      const ms = performance.now() - phase.beganMs;
      log({ what: 'left', who: phase.context.who, ms, why });
      phase.context.audit?.({ verb: 'logout', ms, error: ended });
    }
    if (phase.kind === 'stranger') {
      const why = error ?? new FerryError(Code.AUTH_REQUIRED, 'it left without logging in');
      this.#offended(error);
      log({ what: 'refused', peer: this.#link.peer, code: why.codeName, why: show(why.message) });
    }
    onEnd();
  }
}

const waysIn = ['without an account', 'with its device key', 'with an invite'] as const;
