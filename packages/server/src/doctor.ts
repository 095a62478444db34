/** `ferryd doctor`: looks at a setup and says what is weak about it. Changes nothing. Main thread. */

import { spawnSync } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { relative } from 'node:path';
import {
  bad,
  checkClock,
  checkDescriptors,
  checkNode,
  exitCodeOfFindings,
  FerryError,
  type Finding,
  findingLines,
  limits,
  ok,
  weak,
} from '@ferry/protocol';
import { checkHome, checkOthersIn, checkPrivateFile, checkSync } from '@ferry/protocol/disk';
import { readIdentity } from './access/identity.ts';
import { type BusConfig, isLocalBus } from './bus/bus-address.ts';
import type { ListenAddress, OpenTo, Places } from './config.ts';
import { capacityFor, openFilesLimit } from './supervisor/descriptors.ts';

export type DoctorOrder = {
  /** Absolute. */
  readonly folder: string;
  readonly listen: readonly ListenAddress[];
  readonly openTo: OpenTo;
  readonly bus: BusConfig | undefined;
  /** Where its credentials are; undefined: in the address, or nowhere. */
  readonly busCredentials: string | undefined;
  readonly json: boolean;
};

/** @returns the exit code: 1 when something is bad */
export function doctor(order: DoctorOrder, places: Places): 0 | 1 {
  const descriptors = openFilesLimit();
  const findings = [
    checkNode(process.versions.node),
    checkUser(process.getuid?.()),
    checkHome(homedir()),
    ...checkPrivateFile('identity', "the server's key", places.identityFile),
    ...checkIdentity(places.identityFile),
    ...checkPrivateFile('accounts', 'the list of accounts', places.accessFile),
    checkOthersIn('folder', order.folder),
    checkOwnFiles(order.folder, places),
    checkSync(order.folder),
    checkListen(order.listen, order.openTo),
    ...(order.bus === undefined ? [] : checkBus(order.bus)),
    ...(order.busCredentials === undefined
      ? []
      : checkPrivateFile('bus credentials', 'who may be on the bus', order.busCredentials)),
    checkDescriptors(descriptors, 2 * limits.strangers + limits.reservedDescriptors),
    ok('connections', `${capacityFor(descriptors).connections} at once`),
    checkClock(Date.now(), clockIsSynced()),
  ];
  process.stdout.write(findingLines(findings, order.json));
  return exitCodeOfFindings(findings);
}

/** Pure. */
export function checkUser(uid: number | undefined): Finding {
  return uid === 0
    ? weak('user', 'this is root, who may do everything', 'run ferryd as a user of its own')
    : ok('user', 'this is not root');
}

function checkIdentity(file: string): readonly Finding[] {
  try {
    const identity = readIdentity(file);
    return identity === undefined ? [] : [ok('identity', `its fingerprint is ${identity.fingerprint}`)];
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return [bad('identity', error.message, 'restore it from a backup')];
  }
}

/** Who shares a folder above the key shares the key. */
function checkOwnFiles(folder: string, { identityFile, accessFile }: Places): Finding {
  const inside = [identityFile, accessFile].filter((file) => isBelow(real(folder), real(file)));
  return inside.length === 0
    ? ok('own files', 'none of the server’s own files is in the shared folder')
    : bad('own files', `the shared folder holds ${inside.join(' and ')}`, 'share a folder further down');
}

function isBelow(folder: string, file: string): boolean {
  const way = relative(folder, file);
  return way !== '' && way !== '..' && !way.startsWith('../') && !way.startsWith('/');
}

/** With links resolved as far as it is there. */
function real(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** Pure. */
export function checkListen(listen: readonly ListenAddress[], openTo: OpenTo): Finding {
  const outside = listen.filter(({ host }) => !/^(127\.|::1$|localhost$)/.test(host)).map(({ host }) => host);
  if (openTo === 'nobody') return ok('access', 'only who was invited gets in');
  if (outside.length === 0) return ok('access', 'everybody gets in, and only this machine reaches it');
  const who = `everybody who reaches ${outside.join(', ')}`;
  return openTo === 'readers'
    ? weak('access', `${who} may read all files`, 'leave out --open and use: ferryd invite')
    : bad('access', `${who} may read, change and delete all files`, 'use --open=read-only, or ferryd invite');
}

/** Whoever is on the bus is believed as a server is. Pure. */
export function checkBus(bus: BusConfig): readonly Finding[] {
  if (isLocalBus(bus)) return [ok('bus', 'only this machine reaches it')];
  const where = bus.nodes.join(', ');
  return [
    bus.credentials.kind === 'none'
      ? bad(
          'bus',
          `everybody who reaches ${where} may speak as a server of yours`,
          'give NATS users, and ferryd --bus-credentials FILE',
        )
      : ok('bus', 'only who has credentials gets on it'),
    bus.tls
      ? ok('bus encryption', 'what servers say is encrypted on its way')
      : weak(
          'bus encryption',
          `what servers say goes to ${where} in the clear`,
          'give NATS a certificate, and say tls://',
        ),
  ];
}

/** undefined where nobody says. */
function clockIsSynced(): boolean | undefined {
  const { stdout } = spawnSync('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], {
    encoding: 'utf8',
    timeout: 2000,
  });
  return stdout === 'yes\n' ? true : stdout === 'no\n' ? false : undefined;
}
