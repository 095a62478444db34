/**
 * hello: the first frame of a control connection. Who calls, in which version, and the proof that they may.
 * Until it is answered nothing else is accepted.
 */

import { limits } from '../limits.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, flag, integer, oneOf, optional, text, tuple } from '../wire/shape.ts';

/** The version of the protocol that this build speaks. A server answers VERSION to anything else. */
export const protocolVersion = 1;

/** Ways to log in. `open`: no proof; `key`: a known device key; `invite`: a one-time token that makes this key known. */
export const Login = { open: 0, key: 1, invite: 2 } as const;
export type Login = (typeof Login)[keyof typeof Login];

export const tokenBytes = 16;

/** Bits of `features`. */
export const Feature = {
  /** In a welcome: downloads are counted, so say `received` when a file is there whole. */
  countsDownloads: 1,
} as const;

export type Hello = {
  readonly version: number;
  /** Bits as in {@link Feature}; a side ignores those that it does not know. */
  readonly features: number;
  /** Name and version of the program that calls, for the server's log. */
  readonly client: string;
  readonly login: Login;
  /** With `invite`: its token. */
  readonly token: Uint8Array | undefined;
  /** With `key` and `invite`: the device's Ed25519 public key (raw, 32 bytes)… */
  readonly deviceKey: Uint8Array | undefined;
  /** …and its signature over `loginText` and this TLS connection's exporter (session/proof.ts). */
  readonly signature: Uint8Array | undefined;
};

export type Welcome = {
  readonly version: number;
  readonly features: number;
  /** 16 random bytes. */
  readonly sessionId: Uint8Array;
  /** What lanes of this session prove that they know; never leaves the two programs. */
  readonly sessionSecret: Uint8Array;
  /** The account's name. */
  readonly user: string;
  readonly readOnly: boolean;
  /** Lanes that this session may hold. */
  readonly lanes: number;
};

export const welcome = tuple<Welcome>({
  version: integer(0, 0xffff),
  features: integer(0, 2 ** 32 - 1),
  sessionId: bytes(16, 16),
  sessionSecret: bytes(32, 32),
  user: text(256),
  readOnly: flag,
  lanes: integer(1, limits.sessionLanes),
});

export const hello = operation<Hello, Welcome>({
  kind: Kind.hello,
  request: tuple<Hello>({
    version: integer(0, 0xffff),
    features: integer(0, 2 ** 32 - 1),
    client: text(128),
    login: oneOf(Login.open, Login.key, Login.invite),
    token: optional(bytes(tokenBytes, tokenBytes)),
    deviceKey: optional(bytes(32, 32)),
    signature: optional(bytes(64, 64)),
  }),
  reply: welcome,
});
