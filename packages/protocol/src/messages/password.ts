/**
 * password: the first frame of a control connection, instead of hello, from who has a name and a password and a device that the
 * server does not know yet. From then on the device's key is known. Until it is answered nothing else is accepted.
 */

import { limits } from '../limits.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, integer, text, tuple } from '../wire/shape.ts';
import { type Welcome, welcome } from './hello.ts';

export type Password = {
  readonly version: number;
  readonly features: number;
  /** Name and version of the program that calls, for the server's log. */
  readonly client: string;
  readonly user: string;
  readonly password: string;
  /** As in hello. */
  readonly deviceKey: Uint8Array;
  /** As in hello. */
  readonly signature: Uint8Array;
};

export const password = operation<Password, Welcome>({
  kind: Kind.password,
  request: tuple<Password>({
    version: integer(0, 0xffff),
    features: integer(0, 2 ** 32 - 1),
    client: text(128),
    user: text(256),
    password: text(limits.passwordBytes),
    deviceKey: bytes(32, 32),
    signature: bytes(64, 64),
  }),
  reply: welcome,
});
