/**
 * From an address or invite and the options that all commands share to a server that may be trusted. Commands and the
 * browser's start.
 */

import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { asFerryError, Code, FerryError, show } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import type { Link } from '@ferry/protocol/link';
import {
  type Address,
  type Fingerprint,
  hostPort,
  parseAddress,
  parseFingerprint,
} from '@ferry/protocol/session';
import { askSecret } from '@ferry/protocol/terminal/ask-secret';
import packageJson from '../../package.json' with { type: 'json' };
import { deviceKey, shareUserOf } from '../client/device-key.ts';
import { type AskPassword, enter } from '../client/enter.ts';
import { KnownServers } from '../client/known-servers.ts';
import { placesOf } from '../client/places.ts';
import { SavedServers } from '../client/saved-servers.ts';
import { keyFromFile, keysFromAgent, type Signer } from '../client/ssh-key.ts';
import { endLook, type SettleOpts, settleTrust, type TrustPolicy } from '../client/trust.ts';
import type { EngineOpts } from '../engine/engine-core.ts';
import { hiddenGroups, isAccepted, mostMistakes, shownGroups, trustWords } from '../engine/first-contact.ts';
import { ExitCode } from './exit-code.ts';

export const version = packageJson.version;

/** What the server's owner sees of this device, in the log and in `ferryd devices`. */
export const client = Buffer.from(`ferry ${version} on ${hostname()}`).subarray(0, 128).toString();

export type ConnectOptions = {
  readonly pin?: string;
  readonly acceptNew?: boolean;
  readonly inviteFile?: string;
  readonly passwordFile?: string;
};

export type Target = {
  readonly address: Address;
  readonly engine: Omit<EngineOpts, 'attempts'>;
  readonly servers: KnownServers;
  /** Nothing was known of the server before. */
  readonly isFirstContact: boolean;
};

export const places = placesOf(process.env, homedir());

/**
 * Decides on the server's identity and makes this device known to it where that is needed, asking on the terminal where there is one.
 * @throws {FerryError} as settleTrust, enter; USAGE
 */
export async function connectTo(text: string, options: ConnectOptions): Promise<Target> {
  let looked: Link | undefined;
  const keep = (link: Link): void => {
    looked = link;
  };
  const target = await settle(text, options, { keep });
  try {
    await introduce(target, options, { link: looked });
  } catch (error) {
    if (looked !== undefined) endLook(looked);
    throw error;
  }
  return target;
}

/** Decides on the server's identity, asking with `ask`, or on the terminal. @throws {FerryError} as settleTrust; USAGE */
export async function settle(
  text: string,
  options: ConnectOptions,
  { ask, ...opts }: SettleOpts & { readonly ask?: TrustPolicy['ask'] } = {},
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
  const isFirstContact = servers.get(hostPort(address)) === undefined;
  const fingerprint = await settleTrust(address, policy, servers, opts);
  return {
    address,
    servers,
    isFirstContact,
    engine: {
      address: placeOf(address),
      fingerprint,
      token: address.invite?.token,
      deviceKeyFile: places.deviceKeyFile,
      knownServersFile: places.knownServersFile,
      client,
    },
  };
}

/** What an engine and its queue need of an address. */
export function placeOf({ host, port, user }: Address): EngineOpts['address'] {
  const share = shareUserOf(user);
  return share === undefined ? { host, port } : { host, port, user: share };
}

/**
 * Makes this device known to a server where that is needed, asking with `ask`, or on the plain terminal. What keeps it from reaching
 * the server is met again, and told, by whoever goes on. @throws {FerryError} as enter; what `ask` throws
 */
export async function introduce(
  { address: { host, port, user, invite }, engine: { fingerprint }, isFirstContact }: Target,
  { passwordFile }: ConnectOptions,
  { ask, link }: { readonly ask?: AskPassword; readonly link?: Link | undefined } = {},
): Promise<void> {
  // A share's line is all that lets in.
  const hasOtherWay = invite !== undefined || shareUserOf(user) !== undefined;
  if (hasOtherWay || (!isFirstContact && user === undefined && ask === undefined)) {
    if (link !== undefined) endLook(link);
    return;
  }
  const device = deviceKey(places.deviceKeyFile);
  const isAsked = process.stdin.isTTY && process.stderr.isTTY && user !== undefined;
  // Nothing has been begun that would have to be ended.
  const interrupted = (): never => process.exit(ExitCode.interrupted);
  // On a screen they are keys.
  if (ask === undefined) process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  try {
    await enter({
      spec: {
        host,
        port,
        fingerprint,
        device,
        client,
        pool: new BlockPool(),
        knownServersFile: places.knownServersFile,
      },
      user,
      sshKeys,
      askPassword:
        passwordFile !== undefined && user !== undefined
          ? async () => ({ user, password: secretFrom(passwordFile) })
          : (ask ??
            (isAsked
              ? async (_, attempt) => {
                  const question = passwordQuestion(user, hostPort({ host, port }), attempt);
                  return { user, password: await askSecret(question) };
                }
              : undefined)),
      attempts: passwordFile === undefined ? 3 : 1,
      link,
    });
  } catch (error) {
    if (!(error instanceof FerryError) || !unreached.has(error.code)) throw error;
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  }
}

const unreached: ReadonlySet<Code> = new Set([
  Code.CONNECT_FAILED,
  Code.CONNECTION_LOST,
  Code.TIMEOUT,
  Code.SHUTTING_DOWN,
]);

function passwordQuestion(user: string, where: string, attempt: number): string {
  return `${attempt === 1 ? '' : 'That is not it. '}Password of ${show(user)} at ${where}: `;
}

/** @throws {FerryError} USAGE */
function secretFrom(file: string): string {
  try {
    const [line = ''] = readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/);
    return line;
  } catch (cause) {
    throw new FerryError(Code.USAGE, `the password file ${file} cannot be read`, { cause });
  }
}

async function sshKeys(): Promise<readonly Signer[]> {
  const fromFile = keyFromFile(join(homedir(), '.ssh/id_ed25519'));
  const held = await keysFromAgent(process.env['SSH_AUTH_SOCK']);
  if (fromFile === undefined) return held;
  const isOther = ({ publicKey }: Signer): boolean => Buffer.compare(publicKey, fromFile.publicKey) !== 0;
  return [fromFile, ...held.filter(isOther)];
}

/**
 * After a login: an identity that an invite or `--pin` vouched for is known from now on.
 * @returns what to say when the server has renewed its identity and the old one vouched for it
 * @throws {FerryError} CONFIG
 */
export function rememberServer({ address, engine, servers }: Target): string | undefined {
  const where = hostPort(address);
  const known = servers.get(where)?.fingerprint;
  if (known === undefined) servers.remember(where, engine.fingerprint, new Date());
  if (known === undefined || known === engine.fingerprint) return undefined;
  return `${where} has renewed its identity, and the old one vouches for it: ${known}`;
}

/** On stderr; nothing where there is nothing to say. */
export function sayRenewed(line: string | undefined): void {
  if (line !== undefined) process.stderr.write(`ferry: ${line}\n`);
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

/** Only what is typed counts, and only the owner can say what to type: no word that one types without reading goes on. */
async function askOnTerminal(where: string, fingerprint: Fingerprint): Promise<boolean> {
  const hidden = hiddenGroups(fingerprint, (below) => randomInt(below));
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    let question =
      `This is the first contact with ${where}. Its identity is\n\n` +
      `  ${shownGroups(fingerprint, hidden).join('-')}\n\n` +
      'Its owner sees all of it (ferryd prints it at its start). Compare, and type the two groups that are missing;\n' +
      `or, with nobody to ask, type ${trustWords}. Nothing typed ends it: `;
    for (let mistakes = 0; mistakes < mostMistakes; mistakes++) {
      const answer = await terminal.question(question);
      if (answer.trim() === '') return false;
      if (isAccepted(answer, fingerprint, hidden)) return true;
      question =
        'Those are not the missing groups. If its owner sees them like that, do not connect. Once more: ';
    }
    return false;
  } finally {
    terminal.close();
  }
}
