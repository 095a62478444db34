/**
 * From an address or invite and the options that all commands share to a server that may be trusted. Commands and the
 * browser's start.
 */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { asFerryError, Code, FerryError } from '@ferry/protocol';
import {
  type Address,
  type Fingerprint,
  hostPort,
  parseAddress,
  parseFingerprint,
} from '@ferry/protocol/session';
import packageJson from '../../package.json' with { type: 'json' };
import { KnownServers } from '../client/known-servers.ts';
import { placesOf } from '../client/places.ts';
import { SavedServers } from '../client/saved-servers.ts';
import { settleTrust, type TrustPolicy } from '../client/trust.ts';
import type { EngineOpts } from '../engine/engine-core.ts';

export const version = packageJson.version;

export type ConnectOptions = {
  readonly pin?: string;
  readonly acceptNew?: boolean;
  readonly inviteFile?: string;
};

export type Target = {
  readonly address: Address;
  readonly engine: Omit<EngineOpts, 'attempts'>;
  readonly servers: KnownServers;
};

export const places = placesOf(process.env, homedir());

/** Decides on the server's identity, asking on the terminal where there is one. @throws {FerryError} as settleTrust; USAGE */
export async function connectTo(
  text: string,
  options: ConnectOptions,
  { ask, signal }: { readonly ask?: TrustPolicy['ask']; readonly signal?: AbortSignal } = {},
): Promise<Target> {
  const named = parseAddress(text);
  const address = options.inviteFile === undefined ? named : withInvite(named, options.inviteFile);
  const pin = options.pin === undefined ? undefined : parseFingerprint(options.pin);
  if (options.pin !== undefined && pin === undefined) {
    throw new FerryError(Code.USAGE, '--pin wants a fingerprint, as ferryd prints it');
  }
  const servers = new KnownServers(places.knownServersFile);
  const policy = {
    pin,
    acceptNew: options.acceptNew ?? false,
    ask: ask ?? (process.stdin.isTTY && process.stderr.isTTY ? askOnTerminal : undefined),
  };
  const fingerprint = await settleTrust(address, policy, servers, signal === undefined ? {} : { signal });
  return {
    address,
    servers,
    engine: {
      address: { host: address.host, port: address.port },
      fingerprint,
      token: address.invite?.token,
      deviceKeyFile: places.deviceKeyFile,
      client: `ferry ${version}`,
    },
  };
}

/** After a login: an identity that an invite or `--pin` vouched for is known from now on. @throws {FerryError} CONFIG */
export function rememberServer({ address, engine, servers }: Target): void {
  const where = hostPort(address);
  if (servers.get(where) === undefined) servers.remember(where, engine.fingerprint, new Date());
}

/** For the connect screen of later. What is wrong with that list is said there. */
export function rememberVisit({ address }: Target): void {
  try {
    new SavedServers(places.savedServersFile).visited(addressText(address), Date.now());
  } catch (error) {
    asFerryError(error, (bug) => {
      throw bug;
    });
  }
}

/** As one would type it, without an invite. */
export function addressText({ user, host, port, path }: Address): string {
  const folder = path.length === 0 ? '' : `/${Buffer.from(path.join('/'), 'latin1').toString('utf8')}`;
  return `ferry://${user === undefined ? '' : `${user}@`}${hostPort({ host, port })}${folder}`;
}

function withInvite(named: Address, file: string): Address {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch (cause) {
    throw new FerryError(Code.USAGE, `the invite file ${file} cannot be read`, { cause });
  }
  const { host, port, invite } = parseAddress(/ferry:\/\/\S+/.exec(text)?.[0] ?? text);
  if (invite === undefined) throw new FerryError(Code.USAGE, `there is no invite in ${file}`);
  if (host !== named.host || port !== named.port) {
    throw new FerryError(Code.PIN_MISMATCH, `that invite is for ${hostPort({ host, port })}, another server`);
  }
  return { ...named, invite };
}

async function askOnTerminal(where: string, fingerprint: Fingerprint): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `This is the first contact with ${where}. Its identity is\n\n  ${fingerprint}\n\n` +
        'Compare it with what its owner sees (ferryd prints it at its start). Is it the same? Type yes: ',
    );
    return answer.trim().toLowerCase() === 'yes';
  } finally {
    terminal.close();
  }
}
