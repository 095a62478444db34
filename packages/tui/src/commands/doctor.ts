/** `ferry doctor`: looks at this user's setup and says what is weak about it. Changes nothing. */

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import {
  bad,
  checkClock,
  checkDescriptors,
  checkNode,
  exitCodeOfFindings,
  FerryError,
  type Finding,
  findingLines,
  ok,
  weak,
} from '@ferry/protocol';
import { checkHome, checkPrivateFile, checkSync } from '@ferry/protocol/disk';
import { deviceKey } from '../client/device-key.ts';
import { KnownServers } from '../client/known-servers.ts';
import { places } from './connect.ts';
import type { ExitCode } from './exit-code.ts';

export type DoctorOptions = { readonly json?: boolean };

export function doctor({ json = false }: DoctorOptions): ExitCode {
  const findings = [
    checkNode(process.versions.node),
    checkHome(homedir()),
    ...checkPrivateFile('device key', 'this device’s key', places.deviceKeyFile),
    ...checkDeviceKey(),
    ...checkPrivateFile('known servers', 'the list of known servers', places.knownServersFile),
    checkKnownServers(),
    ...checkPrivateFile('queue', 'the queue', places.queueFile),
    checkTerminal(process.env, process.stdout.isTTY),
    ...checkColours(process.env),
    checkLetters(process.env),
    checkSync(process.cwd()),
    checkDescriptors(openFiles(), 1024),
    checkClock(Date.now(), undefined),
  ];
  process.stdout.write(findingLines(findings, json));
  return exitCodeOfFindings(findings);
}

function checkDeviceKey(): readonly Finding[] {
  try {
    // Reading one that is not there would make it.
    readFileSync(places.deviceKeyFile);
  } catch {
    return [];
  }
  return [
    attempt('device key', 'restore it, or remove it and ask for new invites', () => {
      deviceKey(places.deviceKeyFile);
      return 'it can be used';
    }),
  ];
}

function checkKnownServers(): Finding {
  return attempt('known servers', 'restore it from a backup, or repair it by hand', () => {
    const { size } = new KnownServers(places.knownServersFile).all();
    return `${size} ${size === 1 ? 'server is' : 'servers are'} known`;
  });
}

function attempt(check: string, fix: string, use: () => string): Finding {
  try {
    return ok(check, use());
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    return bad(check, error.message, fix);
  }
}

/** Pure. */
export function checkTerminal(env: NodeJS.ProcessEnv, isTerminal: boolean): Finding {
  const term = env['TERM'] ?? '';
  if (!isTerminal) return ok('terminal', 'this is none: commands work, the browser needs one');
  return term === '' || term === 'dumb'
    ? bad('terminal', `TERM is ${term === '' ? 'not set' : term}`, 'set TERM to what the terminal is')
    : ok('terminal', `TERM is ${term}`);
}

/** Pure. */
export function checkColours(env: NodeJS.ProcessEnv): readonly Finding[] {
  const term = env['TERM'] ?? '';
  if (term === '' || term === 'dumb') return [];
  if ((env['NO_COLOR'] ?? '') !== '') return [ok('colours', 'none, as NO_COLOR says')];
  return /256|truecolor|direct|kitty|alacritty|ghostty/.test(`${term} ${env['COLORTERM'] ?? ''}`)
    ? [ok('colours', '256 or more')]
    : [weak('colours', `${term} may have fewer than 256`, 'use a terminal type with 256color in its name')];
}

/** Pure. */
export function checkLetters(env: NodeJS.ProcessEnv): Finding {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  return /utf-?8/i.test(locale)
    ? ok('letters', `UTF-8 (${locale})`)
    : weak('letters', `the locale is ${locale === '' ? 'not set' : locale}`, 'export LANG=C.UTF-8');
}

function openFiles(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
