/** `ferry servers` and `ferry trust`: whom this user's ferry trusts, and the one way to trust a changed identity. */

import { createInterface } from 'node:readline/promises';
import { Code, FerryError, show } from '@ferry/protocol';
import { type Fingerprint, hostPort, parseAddress, parseFingerprint } from '@ferry/protocol/session';
import { type KnownServer, KnownServers } from '../client/known-servers.ts';
import { learn } from '../client/trust.ts';
import { places } from './connect.ts';
import { ExitCode } from './exit-code.ts';

export function listServers(): ExitCode {
  for (const [where, { fingerprint, since }] of new KnownServers(places.knownServersFile).all()) {
    process.stdout.write(`${show(where)}  since ${show(since.slice(0, 10))}\n  ${fingerprint}\n`);
  }
  return ExitCode.done;
}

export function forgetServer(text: string): ExitCode {
  const where = hostPort(addressOf(text));
  if (!new KnownServers(places.knownServersFile).forget(where)) {
    throw new FerryError(Code.NOT_FOUND, `${where} is not among the known servers`);
  }
  process.stdout.write(`${where} is forgotten; the next contact asks again\n`);
  return ExitCode.done;
}

/**
 * Trusts whoever answers there now, if that is who its owner says: nothing else replaces an identity. Without `pin` the
 * person is asked to paste what the owner told.
 * @throws {FerryError} PIN_MISMATCH, PIN_UNKNOWN (nobody can be asked), USAGE, CONFIG, and as dial
 */
export async function trustServer(text: string, options: { pin?: string }): Promise<ExitCode> {
  const address = addressOf(text);
  const where = hostPort(address);
  const servers = new KnownServers(places.knownServersFile);
  const known = servers.get(where);
  const shown = await learn(address);
  if (known?.fingerprint === shown) {
    process.stdout.write(`${where} is trusted already, with this identity: ${shown}\n`);
    return ExitCode.done;
  }
  const told = parseFingerprint(options.pin ?? (await askForIdentity(where, known, shown)));
  if (told === undefined) throw new FerryError(Code.USAGE, 'that is no fingerprint as ferryd prints it');
  if (told !== shown) {
    throw new FerryError(
      Code.PIN_MISMATCH,
      `who answers at ${where} is not who its owner says, do not trust them:\n  told   ${told}\n  shown  ${shown}`,
    );
  }
  if (!servers.replace(where, known?.fingerprint, shown, new Date())) {
    throw new FerryError(Code.CONFLICT, `another ferry has just changed whom it trusts as ${where}`);
  }
  process.stdout.write(`${where} is trusted from now on, with this identity: ${shown}\n`);
  return ExitCode.done;
}

async function askForIdentity(
  where: string,
  known: KnownServer | undefined,
  shown: Fingerprint,
): Promise<string> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw new FerryError(
      Code.PIN_UNKNOWN,
      `say which identity its owner sees: ferry trust ${where} --pin FINGERPRINT`,
    );
  }
  const before =
    known === undefined ? '' : `  known  ${known.fingerprint}, since ${show(known.since.slice(0, 10))}\n`;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(
      `${where} shows this identity:\n\n${before}  shown  ${shown}\n\n` +
        'Ask its owner, by another way than this line, what ferryd prints as its fingerprint.\nPaste that here: ',
    );
  } finally {
    terminal.close();
  }
}

function addressOf(text: string): { host: string; port: number } {
  return parseAddress(text.startsWith('ferry://') ? text : `ferry://${text}`);
}
