/**
 * This server among those that belong together: its line to NATS, the bridge of its bus, questions to single servers, and what each tells of
 * itself. Imported only with `--bus`, as it loads the packages for NATS. Main thread.
 */

import { type FerryError, show } from '@ferry/protocol';
import { type Log, note } from '../log.ts';
import { decodeAbout, encodeAbout, type ServerAbout } from './about.ts';
import { Bridge, type BridgeOpts } from './bridge.ts';
import type { BusConfig } from './bus-address.ts';
import { type Answer, Calls } from './calls.ts';
import type { BusHub } from './hub.ts';
import { connectToNats, type NatsLine } from './nats-connection.ts';
import { openNatsWire } from './nats-wire.ts';

/** Of what no server says, one line of the log in so many milliseconds. */
const nonsenseMs = 60_000;

export type ServersOpts = {
  readonly config: BusConfig;
  /** Names this run of this server, as serverIdForm has it. */
  readonly id: string;
  /** Nobody has joined it yet; members' names begin with `id` and a dot. */
  readonly hub: BusHub;
  readonly checkOf: BridgeOpts['checkOf'];
  readonly about: () => ServerAbout;
  /** By verb. */
  readonly answers: (verb: string) => Answer | undefined;
  readonly log: Log;
};

export type OtherServer = ServerAbout & { readonly id: string };

export class Servers {
  /** Names this run of this server. */
  readonly id: string;
  /** For whoever needs more of NATS than the bus. */
  readonly line: NatsLine;
  readonly #bridge: Bridge;
  readonly #calls: Calls;
  readonly #close: () => Promise<void>;

  /** Made by {@link joinServers}. */
  constructor(parts: {
    id: string;
    line: NatsLine;
    bridge: Bridge;
    calls: Calls;
    close: () => Promise<void>;
  }) {
    this.id = parts.id;
    this.line = parts.line;
    this.#bridge = parts.bridge;
    this.#calls = parts.calls;
    this.#close = parts.close;
  }

  /** The others hear us, and we them. */
  get isWhole(): boolean {
    return this.#bridge.isWhole;
  }

  /** Those that are there, but this one. What one tells that cannot be read is left out. */
  get others(): readonly OtherServer[] {
    return this.#bridge.servers.flatMap(({ id, about }) => {
      const told = readAbout(about);
      return told === undefined ? [] : [{ ...told, id }];
    });
  }

  /** Of the others. */
  get ids(): readonly string[] {
    return this.#bridge.servers.map(({ id }) => id);
  }

  has(server: string): boolean {
    return this.#bridge.has(server);
  }

  /** @throws {FerryError} as Calls.ask */
  ask(server: string, verb: string, body: Uint8Array): Promise<Uint8Array> {
    return this.#calls.ask(server, verb, body);
  }

  /** Says goodbye and leaves. Idempotent. */
  close(): Promise<void> {
    return this.#close();
  }
}

/** Resolves when this server hears the others. @throws {FerryError} CONFIG as connectToNats */
export async function joinServers(opts: ServersOpts): Promise<Servers> {
  const { config, hub, id, log } = opts;
  const line = await connectToNats(config, { name: `ferryd ${id}` });
  let saidMs = Number.NEGATIVE_INFINITY;
  const onNonsense = (server: string, why: FerryError): void => {
    if (performance.now() - saidMs < nonsenseMs) return;
    saidMs = performance.now();
    note(log, `server ${show(server)} says what cannot be understood: ${show(why.message)}`);
  };
  const bridge = new Bridge({
    id,
    hub,
    checkOf: opts.checkOf,
    about: () => encodeAbout(opts.about()),
    onReach: (isWhole) =>
      note(log, isWhole ? 'the other servers are reached' : 'the other servers are not reached any more'),
    onNonsense,
  });
  const wire = await openNatsWire(line, {
    name: config.name,
    id,
    ears: {
      onAll: (server, payload) => bridge.hear(server, payload),
      onOwn: (server, payload) => calls.hear(server, payload),
      onMended: () => bridge.mended(),
    },
  });
  const calls = new Calls({ send: wire.sendTo, answers: opts.answers, onNonsense });
  bridge.begin(wire);
  const warned = new Set<string>();
  const warnOfStrangers = (): void => {
    const own = opts.about().fingerprint;
    for (const { id: other, about } of bridge.servers) {
      const told = warned.has(other) ? undefined : readAbout(about);
      if (told === undefined || told.fingerprint === own) continue;
      warned.add(other);
      const where = show(told.address);
      note(
        log,
        `the server at ${where} has another key, so clients of this one do not trust it: give all the same identity.pem`,
      );
    }
    for (const other of warned) if (!bridge.has(other)) warned.delete(other);
  };
  let timer: NodeJS.Timeout;
  const beatSoon = (): void => {
    timer = setTimeout(() => {
      bridge.beat();
      warnOfStrangers();
      beatSoon();
    }, bridge.beatMs).unref();
  };
  beatSoon();
  return new Servers({
    id,
    line,
    bridge,
    calls,
    close: async () => {
      clearTimeout(timer);
      bridge.close();
      await wire.close();
    },
  });
}

function readAbout(about: Uint8Array): ServerAbout | undefined {
  try {
    return decodeAbout(about);
  } catch {
    return undefined;
  }
}
