/**
 * Makes this device known to a server that does not know it yet: by a key of this user's ssh, or by name and password. Who has an
 * invite or is known needs none of this. Commands and the browser's start, before any screen is drawn.
 */

import { Code, FerryError, show } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';
import { enrol, hello, Login, password, protocolVersion, type Welcome } from '@ferry/protocol/messages';
import { ClientChannel, loginText } from '@ferry/protocol/session';
import { dialPinned, type SessionSpec } from './session.ts';
import type { Signer } from './ssh-key.ts';

export type AskPassword = (user: string | undefined, attempt: number) => Promise<Typed>;
export type Typed = { readonly user: string; readonly password: string };

export type EnterOpts = {
  readonly spec: Omit<SessionSpec, 'token'>;
  /** The account that was named; undefined: whichever knows this device. */
  readonly user: string | undefined;
  readonly sshKeys: () => Promise<readonly Signer[]>;
  /** Asks for it, for the n-th time, and whose it is where no account was named; undefined where nobody can be asked. */
  readonly askPassword: AskPassword | undefined;
  /** How often a wrong password may be corrected. */
  readonly attempts: number;
  /** Dialled already, to the server of this fingerprint, and not used yet; the callee's from now on. */
  readonly link?: Link | undefined;
};

/** Resolves when the device is known. @throws {FerryError} as dial; AUTH_FAILED, AUTH_THROTTLED, VERSION */
export async function enter(opts: EnterOpts): Promise<void> {
  const { spec, user } = opts;
  const own: Signer = { publicKey: spec.device.publicKey, sign: async (text) => spec.device.sign(text) };
  const isKnown = (welcome: Welcome): boolean => user === undefined || welcome.user === user;
  let refused: FerryError | undefined;
  const refusedBy = (error: unknown): void => {
    if (!(error instanceof FerryError) || error.code !== Code.AUTH_FAILED) throw error;
    refused = error;
  };
  const attempt = (signer: Signer, link?: Link): Promise<boolean> =>
    onConnection(
      spec,
      async (channel) => {
        const welcome = await logIn(channel, signer, spec.client);
        if (!isKnown(welcome)) return false;
        if (signer !== own) await makeKnown(channel, spec);
        return true;
      },
      link,
    ).catch((error: unknown) => {
      // The server did not wait for it.
      if (link !== undefined && error instanceof FerryError && error.code === Code.CONNECTION_LOST)
        return attempt(signer);
      refusedBy(error);
      return false;
    });
  if (await attempt(own, opts.link)) return;
  for (const signer of await opts.sshKeys()) if (await attempt(signer)) return;
  if (opts.askPassword === undefined) throw notKnown(refused, user);
  let named = user;
  for (let i = 1; ; i++) {
    const typed = await opts.askPassword(named, i);
    named = typed.user;
    try {
      await onConnection(spec, (channel) => logInByPassword(channel, spec, typed));
      return;
    } catch (error) {
      refusedBy(error);
      if (i >= opts.attempts) throw error;
    }
  }
}

async function onConnection<T>(
  spec: EnterOpts['spec'],
  work: (channel: ClientChannel) => Promise<T>,
  link?: Link,
): Promise<T> {
  const channel = new ClientChannel(link ?? (await dialPinned(spec)), { pool: spec.pool });
  try {
    return await work(channel);
  } finally {
    channel.close();
  }
}

async function logIn(channel: ClientChannel, signer: Signer, client: string): Promise<Welcome> {
  const signature = await signer.sign(loginText(channel.link)).catch((cause: unknown) => {
    throw new FerryError(Code.AUTH_FAILED, 'the key was not used', { cause });
  });
  return channel.call(hello, {
    version: protocolVersion,
    features: 0,
    client,
    login: Login.key,
    token: undefined,
    deviceKey: signer.publicKey,
    signature,
  });
}

async function makeKnown(channel: ClientChannel, { device }: EnterOpts['spec']): Promise<void> {
  const signature = device.sign(loginText(channel.link));
  await channel.call(enrol, { deviceKey: device.publicKey, signature });
}

async function logInByPassword(
  channel: ClientChannel,
  { device, client }: EnterOpts['spec'],
  { user, password: typed }: Typed,
): Promise<void> {
  await channel.call(password, {
    version: protocolVersion,
    features: 0,
    client,
    user,
    password: typed,
    deviceKey: device.publicKey,
    signature: device.sign(loginText(channel.link)),
  });
}

function notKnown(refused: FerryError | undefined, user: string | undefined): FerryError {
  if (user === undefined && refused !== undefined) return refused;
  const whose = user === undefined ? 'an account' : show(user);
  return new FerryError(
    Code.AUTH_FAILED,
    `the server does not know this device as one of ${whose}: use an invite, or --password-file`,
    { cause: refused },
  );
}
