/**
 * A connection to NATS that comes back by itself, for ever. Imported only where there is a bus between servers, as it loads the packages
 * for it. Any thread.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { Code, FerryError, show } from '@ferry/protocol';
import {
  type Authenticator,
  AuthorizationError,
  connect,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  tokenAuthenticator,
  UserAuthenticationExpiredError,
  usernamePasswordAuthenticator,
} from '@nats-io/transport-node';
import type { BusAddress, BusCredentials } from './bus-address.ts';

/** How long the first connection may take, milliseconds: a machine that starts may be ahead of its NATS. */
const firstMs = 15_000;
const nodeMs = 3000;
/** Between two tries of one node. */
const againMs = 200;

export type NatsLine = {
  readonly nats: NatsConnection;
  /** False from when it breaks until it is there again. What is published meanwhile may be lost, and so may what was published right before. */
  readonly isUp: boolean;
  /** Calls with each change of `isUp`. Gives back what ends that. */
  readonly onChange: (listener: (isUp: boolean) => void) => () => void;
  /** Resolves when all is sent and it is closed. Idempotent. */
  readonly close: () => Promise<void>;
};

export type NatsOpts = {
  /** As NATS shows it to its owner. */
  readonly name: string;
  readonly signal?: AbortSignal;
};

/** @throws {FerryError} CONFIG when no node is reached within 15 s, or one does not know us */
export async function connectToNats(address: BusAddress, { name, signal }: NatsOpts): Promise<NatsLine> {
  const deadlineMs = performance.now() + firstMs;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return lineOf(await connect(optionsFor(address, name)));
    } catch (error) {
      const words = refusalWords(error);
      if (words !== undefined || performance.now() >= deadlineMs) {
        const where = show(address.nodes.join(', '));
        const why = words ?? show(error instanceof Error ? error.message : String(error));
        throw new FerryError(Code.CONFIG, `the bus at ${where} cannot be used: ${why}`, { cause: error });
      }
    }
    await pause(againMs, undefined, { signal });
  }
}

function optionsFor({ nodes, tls, credentials }: BusAddress, name: string): Parameters<typeof connect>[0] {
  return {
    servers: [...nodes],
    name,
    authenticator: authenticatorOf(credentials),
    // Without this it would speak plainly to a node that offers no TLS; with none it takes what there is.
    ...(tls ? { tls: {} } : {}),
    timeout: nodeMs,
    // A node that is gone without a word is noticed after two of these, milliseconds.
    pingInterval: 2000,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: againMs,
    reconnectJitter: againMs,
    reconnectJitterTLS: againMs,
    // The owner of NATS may be in the middle of changing something.
    ignoreAuthErrorAbort: true,
    noAsyncTraces: true,
  };
}

function authenticatorOf(credentials: BusCredentials): Authenticator[] {
  const encoder = new TextEncoder();
  switch (credentials.kind) {
    case 'none':
      return [];
    case 'password':
      return [usernamePasswordAuthenticator(credentials.user, credentials.password)];
    case 'token':
      return [tokenAuthenticator(credentials.token)];
    case 'creds':
      return [credsAuthenticator(encoder.encode(credentials.text))];
    case 'seed':
      return [nkeyAuthenticator(encoder.encode(credentials.seed))];
  }
}

/** Why trying again is of no use; undefined: it is. */
function refusalWords(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof AuthorizationError || one instanceof UserAuthenticationExpiredError) {
      return 'it does not know these credentials';
    }
    if (/tls|certificate|self.signed|CERT_/i.test(one.message)) return show(one.message);
  }
  return undefined;
}

function lineOf(nats: NatsConnection): NatsLine {
  const listeners = new Set<(isUp: boolean) => void>();
  let isUp = true;
  const is = (now: boolean): void => {
    if (now === isUp) return;
    isUp = now;
    for (const listener of [...listeners]) listener(now);
  };
  const follow = async (): Promise<void> => {
    for await (const { type } of nats.status()) {
      if (type === 'disconnect' || type === 'close') is(false);
      else if (type === 'reconnect') is(true);
    }
  };
  void follow();
  return {
    nats,
    get isUp() {
      return isUp;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      if (nats.isClosed()) return;
      // Draining needs the other side.
      await (isUp ? nats.drain() : nats.close()).catch(() => nats.close());
    },
  };
}
