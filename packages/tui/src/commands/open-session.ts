/** A session for one command: trusted, logged in, ended with the command or by Ctrl+C. Used by commands that move no bytes. */

import { asFerryError, Code, FerryError } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { type Address, hostPort, isAddress, parseAddress } from '@ferry/protocol/session';
import { deviceKey } from '../client/device-key.ts';
import { InviteRefused, Session } from '../client/session.ts';
import { type ConnectOptions, connectTo, rememberServer, sayRenewed, type Target } from './connect.ts';

export type Opened = {
  readonly session: Session;
  /** Aborted by Ctrl+C: the server hears of it, and the command ends with CANCELLED. */
  readonly signal: AbortSignal;
};

/** @throws {FerryError} as connectTo and Session.open; what `use` throws */
export async function withSession<T>(
  address: string,
  options: ConnectOptions,
  use: (opened: Opened) => Promise<T>,
): Promise<T> {
  const target = await connectTo(address, options);
  const session = await open(target);
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new FerryError(Code.CANCELLED, 'interrupted'));
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  try {
    sayRenewed(rememberServer(target));
    return await use({ session, signal: controller.signal });
  } catch (error) {
    throw asFerryError(error, (cause) => {
      throw cause;
    });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    session.close();
  }
}

/** What a command is asked to work on. @throws {FerryError} USAGE when it is not all on one server */
export function addressesOf(command: string, texts: readonly string[]): readonly Address[] {
  const odd = texts.find((text) => !isAddress(text));
  if (odd !== undefined || texts.length === 0) {
    throw new FerryError(Code.USAGE, `ferry ${command} wants ADDRESS/PATH, for example ferry://host/file`);
  }
  const addresses = texts.map(parseAddress);
  if (new Set(addresses.map(hostPort)).size > 1) {
    throw new FerryError(Code.USAGE, 'all files must be on one server');
  }
  return addresses;
}

async function open({ engine }: Target): Promise<Session> {
  const { address, fingerprint, token, deviceKeyFile, knownServersFile, client } = engine;
  const spec = {
    ...address,
    fingerprint,
    token,
    client,
    knownServersFile,
    device: deviceKey(deviceKeyFile, address.user),
    pool: new BlockPool(),
  };
  const on = { event: () => {}, end: () => {} };
  try {
    return await Session.open(spec, on);
  } catch (error) {
    if (!(error instanceof InviteRefused)) throw error;
    return Session.open({ ...spec, token: undefined }, on);
  }
}
