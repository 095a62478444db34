/**
 * Which fingerprint a server must show, decided before anything is sent to it. Commands and the browser's start; before
 * any screen is drawn, so a question is asked on the plain terminal.
 */

import { Code, FerryError } from '@ferry/protocol';
import { dial, type Link } from '@ferry/protocol/link';
import { type Address, type Fingerprint, fingerprintOf, hostPort } from '@ferry/protocol/session';
import type { KnownServers } from './known-servers.ts';

export type TrustPolicy = {
  /** `--pin`: the only fingerprint to accept. */
  readonly pin: Fingerprint | undefined;
  /** `--accept-new`: accept and remember whoever answers at first contact. */
  readonly acceptNew: boolean;
  /** Asks the person; undefined where nobody can be asked. */
  readonly ask: ((where: string, fingerprint: Fingerprint) => Promise<boolean>) | undefined;
};

export type Pins = {
  readonly known: Fingerprint | undefined;
  readonly invite: Fingerprint | undefined;
  readonly pin: Fingerprint | undefined;
};

/** The fingerprint to insist on; undefined at first contact with nothing to go by. Pure. @throws {FerryError} PIN_MISMATCH */
export function expectedFingerprint(where: string, { known, invite, pin }: Pins): Fingerprint | undefined {
  const claims = [known, invite, pin].filter((claim) => claim !== undefined);
  const [first] = claims;
  const other = claims.find((claim) => claim !== first);
  if (first !== undefined && other !== undefined) throw mismatch(where, first, other);
  return first;
}

/**
 * @param since when the expected one was accepted, ISO 8601; undefined where that is not known
 * @returns the error that stops everything: whoever answers is not who is known
 */
export function mismatch(
  where: string,
  expected: Fingerprint,
  shown: Fingerprint,
  since?: string,
): FerryError {
  const when = since === undefined ? '' : ` since ${since.slice(0, 10)}`;
  return new FerryError(
    Code.PIN_MISMATCH,
    `the identity of ${where} is not the one you know${when}, somebody may be listening in:\n` +
      `  known  ${expected}\n  shown  ${shown}\n` +
      `if its owner confirms that it has a new one: ferry trust ${where}`,
  );
}

export type SettleOpts = {
  readonly signal?: AbortSignal | undefined;
  /**
   * Gets the connection that was looked at, to go on with: nothing has been sent over it, and whom it shows is remembered. Not where a
   * person was asked: they take their time, and a server takes who says nothing for somebody who is up to something.
   */
  readonly keep?: ((link: Link) => void) | undefined;
};

/**
 * Settles the fingerprint, dialling once at first contact to learn it, and remembers what was accepted.
 * @throws {FerryError} PIN_MISMATCH, PIN_UNKNOWN (nobody accepted it), CONFIG, and as dial
 */
export async function settleTrust(
  address: Address,
  policy: TrustPolicy,
  servers: KnownServers,
  { signal, keep }: SettleOpts = {},
): Promise<Fingerprint> {
  const where = hostPort(address);
  const known = servers.get(where)?.fingerprint;
  const expected = expectedFingerprint(where, {
    known,
    invite: address.invite?.fingerprint,
    pin: policy.pin,
  });
  if (expected !== undefined) return expected;
  if (policy.acceptNew && keep !== undefined) {
    const { link, shown } = await look(address, signal);
    try {
      servers.remember(where, shown, new Date());
    } catch (error) {
      endLook(link);
      throw error;
    }
    keep(link);
    return shown;
  }
  const shown = await learn(address, signal);
  const accepted = policy.acceptNew || (policy.ask !== undefined && (await policy.ask(where, shown)));
  if (!accepted) {
    const how = policy.ask === undefined ? `: use --pin ${shown} or --accept-new, or an invite` : '';
    throw new FerryError(Code.PIN_UNKNOWN, `${where} is not known yet${how}`);
  }
  servers.remember(where, shown, new Date());
  return shown;
}

/** The fingerprint that answers, without sending anything. @throws {FerryError} as dial */
export async function learn(where: Where, signal?: AbortSignal): Promise<Fingerprint> {
  const { link, shown } = await look(where, signal);
  endLook(link);
  return shown;
}

type Where = Pick<Address, 'host' | 'port'>;

async function look(
  { host, port }: Where,
  signal: AbortSignal | undefined,
): Promise<{ readonly link: Link; readonly shown: Fingerprint }> {
  let shown: Fingerprint | undefined;
  const link = await dial({
    host,
    port,
    check: (spki) => {
      shown = fingerprintOf(spki);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  if (shown === undefined) throw new Error('a connection that was not checked');
  return { link, shown };
}

export function endLook(link: Link): void {
  link.abort(new FerryError(Code.CANCELLED, 'only a look'));
}
