/**
 * One login: the control connection, and the way to open lanes beside it. Ends when its connection ends; connection.ts
 * makes the next one. I/O thread.
 */

import { asFerryError, Code, FerryError, type FolderNews } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import { type DialOpts, dial, type Link } from '@ferry/protocol/link';
import {
  attach,
  type Hello,
  hello,
  Login,
  protocolVersion,
  type ServerEvent,
  ticket,
  type Welcome,
} from '@ferry/protocol/messages';
import {
  ClientChannel,
  type Fingerprint,
  fingerprintOf,
  hostPort,
  laneProof,
  loginText,
  predecessors,
} from '@ferry/protocol/session';
import { type LanesEnded, laneSilenceMs } from './backoff.ts';
import type { DeviceKey } from './device-key.ts';
import { KnownServers } from './known-servers.ts';
import { LanesAhead } from './lanes-ahead.ts';
import { mismatch } from './trust.ts';

export type SessionSpec = {
  readonly host: string;
  readonly port: number;
  readonly fingerprint: Fingerprint;
  readonly device: DeviceKey;
  /** Spent by the first login that needs it. */
  readonly token: Uint8Array | undefined;
  readonly client: string;
  readonly pool: BlockPool;
  /** Where it is kept when the server shows a new key for which the known one vouches. */
  readonly knownServersFile?: string | undefined;
};

/** By the number of the watch. */
type FolderEars = Map<
  number,
  { readonly news: (news: FolderNews) => void; readonly end: (error: FerryError) => void }
>;

type Wait = { signal?: AbortSignal };

export type OpenOpts = Wait & {
  /** How many lanes will be wanted at once, by the round trip in milliseconds: they are dialled beside the login. */
  readonly lanesAhead?: ((rttMs: number) => number) | undefined;
};

/** What is there when the login is done. */
type First = { readonly rttMs: number; readonly ahead: LanesAhead };

/** A handshake or a login takes a near server so long at most; that says nothing of the line. */
const busyMs = 25;

/** The round trip that an exchange of so many milliseconds speaks of. */
function tripOf(exchangeMs: number): number {
  return exchangeMs < busyMs ? 1 : exchangeMs;
}

export class Session {
  readonly channel: ClientChannel;
  readonly welcome: Welcome;
  /** The server's, as it showed it: perhaps one for which the known one vouches. */
  readonly fingerprint: Fingerprint;
  readonly #spec: SessionSpec;
  /** As the handshake and the login spoke of it. */
  readonly #firstRttMs: number;
  readonly #ahead: LanesAhead;
  readonly #folders: FolderEars;
  readonly #lanes = new Set<ClientChannel>();
  #nextFolder = 1;
  #lanesEnded: LanesEnded | undefined;

  private constructor(
    spec: SessionSpec,
    fingerprint: Fingerprint,
    channel: ClientChannel,
    folders: FolderEars,
    welcome: Welcome,
    first: First,
  ) {
    this.#spec = spec;
    this.fingerprint = fingerprint;
    this.#firstRttMs = first.rttMs;
    this.#ahead = first.ahead;
    this.channel = channel;
    this.#folders = folders;
    this.welcome = welcome;
  }

  /** @throws {FerryError} as dial; AUTH_FAILED, AUTH_REQUIRED, VERSION, PIN_MISMATCH */
  static async open(
    spec: SessionSpec,
    on: { event: (event: ServerEvent) => void; end: (error: FerryError) => void },
    { lanesAhead = () => 0, ...opts }: OpenOpts = {},
  ): Promise<Session> {
    let isOpen = false;
    let fingerprint = spec.fingerprint;
    let connectedMs = performance.now();
    const onConnected = (): void => {
      connectedMs = performance.now();
    };
    const link = await dialPinned(spec, { ...opts, onConnected }, (shown) => {
      fingerprint = shown;
    });
    const handshakeMs = performance.now() - connectedMs;
    // Not before the server has shown who it is.
    const ahead = new LanesAhead(lanesAhead(tripOf(handshakeMs)), (signal) =>
      dialPinned({ ...spec, fingerprint }, { signal }),
    );
    const folders: FolderEars = new Map();
    const channel = new ClientChannel(link, {
      pool: spec.pool,
      onEvent: (event) => {
        if (event.kind === 'folder') folders.get(event.id)?.news(event.news);
        else on.event(event);
      },
      onEnd: (error) => {
        ahead.close();
        for (const { end } of [...folders.values()]) end(error);
        if (isOpen) on.end(error);
      },
    });
    try {
      const sinceMs = performance.now();
      const welcome = await logIn(spec, channel, opts);
      isOpen = true;
      const rttMs = Math.min(tripOf(handshakeMs), tripOf(performance.now() - sinceMs));
      return new Session(spec, fingerprint, channel, folders, welcome, { rttMs, ahead });
    } catch (error) {
      ahead.close();
      channel.close();
      throw error;
    }
  }

  /**
   * Listens to a watch of this number, which is to be asked for; `leave` ends that.
   * @param end the connection has ended
   */
  hearFolder(
    news: (news: FolderNews) => void,
    end: (error: FerryError) => void,
  ): { readonly id: number; readonly leave: () => void } {
    const id = this.#nextFolder++;
    this.#folders.set(id, { news, end });
    return { id, leave: () => this.#folders.delete(id) };
  }

  /** Where this session reached the server. */
  get address(): { readonly host: string; readonly port: number } {
    const { host, port } = this.#spec;
    return { host, port };
  }

  /** Round trip to the server, milliseconds: of the last ping, or, before the first came back, as handshake and login took. */
  get rttMs(): number {
    return this.channel.rttMs > 0 ? this.channel.rttMs : this.#firstRttMs;
  }

  /**
   * A further connection that carries file bytes. May be used before the server has agreed: what is sent goes behind the
   * ticket, and if the server refuses that, the channel ends with its answer. @throws {FerryError} as dial
   */
  async openLane(opts: Wait = {}): Promise<ClientChannel> {
    const [granted, dialled] = await Promise.allSettled([
      this.channel.call(ticket, {}, opts),
      this.#ahead.take() ?? dialPinned(this.#spec, opts),
    ]);
    if (dialled.status === 'rejected') throw dialled.reason;
    const link = dialled.value;
    const lane = new ClientChannel(link, {
      pool: this.#spec.pool,
      onEnd: () => this.#lanes.delete(lane),
    });
    this.#lanes.add(lane);
    if (granted.status === 'rejected') {
      lane.close();
      throw granted.reason;
    }
    const proof = laneProof(link, this.welcome.sessionSecret);
    const request = { version: protocolVersion, ticket: granted.value.ticket, proof };
    lane.call(attach, request, opts).catch((error: unknown) => lane.abort(asFerryError(error)));
    return lane;
  }

  /** For how long an answer is due and nothing has come, milliseconds. */
  silentMs(nowMs: number): number {
    return this.channel.silentMs(nowMs);
  }

  /** Asks each lane whether it lives, and ends those that have not answered for too long. To be called again and again. */
  askLanes(nowMs: number): void {
    const ended = this.#lanesEnded;
    for (const lane of [...this.#lanes]) {
      if (lane.silentMs(nowMs) < laneSilenceMs(lane.rttMs, ended, nowMs)) {
        lane.ping();
        continue;
      }
      lane.abort(new FerryError(Code.TIMEOUT, 'the line stood still'));
      this.#lanesEnded = { atMs: nowMs, allowedMs: laneSilenceMs(0, ended, nowMs) };
    }
  }

  /** Ends it now, and its lanes with it: nothing that is under way is waited for. */
  abort(error: FerryError): void {
    for (const lane of [...this.#lanes]) lane.abort(error);
    this.channel.abort(error);
  }

  close(): void {
    this.channel.close();
  }
}

/**
 * A connection to the server that is known, or to one for whose key the known key vouches, and to no other.
 * @throws {FerryError} as dial; PIN_MISMATCH
 */
export function dialPinned(
  spec: Pick<SessionSpec, 'host' | 'port' | 'fingerprint' | 'knownServersFile'>,
  opts: Wait & Pick<DialOpts, 'onConnected'> = {},
  onShown: (fingerprint: Fingerprint) => void = () => {},
): Promise<Link> {
  const { host, port, fingerprint, knownServersFile } = spec;
  return dial({
    host,
    port,
    check: (spki, names) => {
      const shown = fingerprintOf(spki);
      onShown(shown);
      if (shown === fingerprint) return;
      const where = hostPort({ host, port });
      if (!predecessors(spki, names).includes(fingerprint))
        throw mismatch(where, fingerprint, shown, sinceWhen(knownServersFile, where, fingerprint));
      if (knownServersFile === undefined) return;
      new KnownServers(knownServersFile).replace(where, fingerprint, shown, new Date());
    },
    ...opts,
  });
}

/** Whatever is wrong with the list, the identity is worse. */
function sinceWhen(file: string | undefined, where: string, fingerprint: Fingerprint): string | undefined {
  try {
    const known = file === undefined ? undefined : new KnownServers(file).get(where);
    return known?.fingerprint === fingerprint ? known.since : undefined;
  } catch (error) {
    asFerryError(error);
    return undefined;
  }
}

/** With the invite where there is one, else with the device's key. @throws InviteRefused */
async function logIn(spec: SessionSpec, channel: ClientChannel, opts: Wait): Promise<Welcome> {
  const { device, token, client } = spec;
  const signature = device.sign(loginText(channel.link));
  const common = { version: protocolVersion, features: 0, client, deviceKey: device.publicKey, signature };
  const asked: Hello =
    token === undefined ? { ...common, login: Login.key, token } : { ...common, login: Login.invite, token };
  try {
    return await channel.call(hello, asked, opts);
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.AUTH_FAILED && token !== undefined) {
      throw new InviteRefused(error);
    }
    throw error;
  }
}

/** The invite is spent or wrong; this device may be known all the same. */
export class InviteRefused extends FerryError {
  constructor(cause: FerryError) {
    super(cause.code, cause.message, { cause });
  }
}
