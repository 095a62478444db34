/** `ferry servers`: whom this user's ferry trusts, and the one way to trust a changed identity: forgetting the old one. */

import { Code, FerryError, show } from '@ferry/protocol';
import { hostPort, parseAddress } from '@ferry/protocol/session';
import { KnownServers } from '../client/known-servers.ts';
import { places } from './connect.ts';
import { ExitCode } from './exit-code.ts';

export function listServers(): ExitCode {
  for (const [where, { fingerprint, since }] of new KnownServers(places.knownServersFile).all()) {
    process.stdout.write(`${show(where)}  since ${show(since.slice(0, 10))}\n  ${fingerprint}\n`);
  }
  return ExitCode.done;
}

export function forgetServer(text: string): ExitCode {
  const where = hostPort(parseAddress(text.startsWith('ferry://') ? text : `ferry://${text}`));
  if (!new KnownServers(places.knownServersFile).forget(where)) {
    throw new FerryError(Code.NOT_FOUND, `${where} is not among the known servers`);
  }
  process.stdout.write(`${where} is forgotten; the next contact asks again\n`);
  return ExitCode.done;
}
