/** The least of a client: a device, a session, lanes. For tests of the server that must not trust our real client. */

import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { epoch, type Facts, limits, type Path } from '@ferry/protocol';
import {
  type BlockPool,
  blockContentAt,
  blockCount,
  blockDigest,
  rootDigest,
  sameDigest,
} from '@ferry/protocol/content';
import { dial, type Link } from '@ferry/protocol/link';
import {
  attach,
  Begin,
  type Create,
  commit,
  create,
  type Enrol,
  type Hello,
  hello,
  Login,
  Overwrite,
  protocolVersion,
  read,
  ticket,
  type Welcome,
} from '@ferry/protocol/messages';
import {
  ClientChannel,
  type ClientChannelOpts,
  laneProof,
  loginText,
  parseAddress,
} from '@ferry/protocol/session';
import type { Content } from './staging.ts';

export type Where = { readonly host: string; readonly port: number; readonly localAddress?: string };

export type Device = { readonly publicKey: Buffer; readonly privateKey: KeyObject };

export function newDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { publicKey: publicKey.export({ type: 'spki', format: 'der' }).subarray(-32), privateKey };
}

export function tokenOf(invite: string | undefined): Uint8Array {
  assert.ok(invite, 'the server printed no invite');
  const token = parseAddress(invite).invite?.token;
  assert.ok(token);
  return token;
}

/** A connection that has said nothing yet. */
export async function connect(where: Where, opts: ClientChannelOpts = {}): Promise<ClientChannel> {
  return new ClientChannel(await dialAny(where), opts);
}

export function dialAny({ host, port, localAddress }: Where): Promise<Link> {
  return dial({ host, port, ...(localAddress === undefined ? {} : { localAddress }), check: () => {} });
}

const nobody: Hello = {
  version: protocolVersion,
  features: 0,
  client: 'test 1',
  login: Login.open,
  token: undefined,
  deviceKey: undefined,
  signature: undefined,
};

export type LoginAs = { readonly device?: Device; readonly token?: Uint8Array };

/** What such a login looks like on this connection. */
export function helloFor(link: Link, { device, token }: LoginAs): Hello {
  if (device === undefined) return nobody;
  return {
    ...nobody,
    login: token === undefined ? Login.key : Login.invite,
    token,
    deviceKey: device.publicKey,
    signature: sign(null, loginText(link), device.privateKey),
  };
}

/** What makes a device known on this connection. */
export function enrolmentOf({ publicKey, privateKey }: Device, link: Link): Enrol {
  return { deviceKey: publicKey, signature: sign(null, loginText(link), privateKey) };
}

export type TestSession = { readonly channel: ClientChannel; readonly welcome: Welcome };

/** Logged in; without a device: as a guest. */
export async function logInto(
  where: Where,
  as: LoginAs = {},
  opts: ClientChannelOpts = {},
): Promise<TestSession> {
  const channel = await connect(where, opts);
  const welcome = await channel.call(hello, helloFor(channel.link, as));
  return { channel, welcome };
}

export async function openLane(
  where: Where,
  session: TestSession,
  opts: ClientChannelOpts = {},
): Promise<ClientChannel> {
  const granted = await session.channel.call(ticket, {});
  const lane = await connect(where, opts);
  await lane.call(attach, {
    version: protocolVersion,
    ticket: granted.ticket,
    proof: laneProof(lane.link, session.welcome.sessionSecret),
  });
  return lane;
}

/** A whole file, every block checked. */
export async function readWhole(lane: ClientChannel, path: Path): Promise<{ facts: Facts; bytes: Buffer }> {
  let facts: Facts | undefined;
  const blocks: Buffer[] = [];
  const ask = async (first: number): Promise<void> => {
    await lane.call(
      read,
      { path, identity: facts?.identity, first, count: limits.readBlocks },
      {
        onPart: (part) => {
          facts = part.facts;
        },
        onBlock: ({ index, digest }, content) => {
          assert.ok(sameDigest(blockDigest(content), digest), 'a damaged block');
          blocks[index] = Buffer.from(content);
        },
      },
    );
  };
  await ask(0);
  assert.ok(facts, 'no facts came');
  const count = blockCount(facts.size);
  const rest: Promise<void>[] = [];
  for (let first = limits.readBlocks; first < count; first += limits.readBlocks) rest.push(ask(first));
  await Promise.all(rest);
  return { facts, bytes: Buffer.concat(blocks) };
}

let nextHandle = 1;

/** What a create of this content carries. */
export function createOf(path: Path, content: Content, more: Partial<Create> = {}): Create {
  return {
    handle: nextHandle++,
    transferId: crypto.getRandomValues(Buffer.alloc(16)),
    path,
    size: content.bytes.length,
    modified: epoch,
    mode: 0o644,
    overwrite: Overwrite.never,
    expected: undefined,
    begin: Begin.fresh,
    source: undefined,
    base: undefined,
    basePath: undefined,
    sparse: false,
    ...more,
  };
}

/** Nothing waits for an answer; commit waits only until the blocks have gone out, since it must not overtake them. */
export async function upload(
  lane: ClientChannel,
  request: Create,
  content: Content,
  pool: BlockPool,
): Promise<Facts> {
  const created = lane.call(create, request);
  const blocks = content.blocks.map((block, i) => sendBlock(lane, request.handle, i, block, pool));
  const answers = Promise.all([created, ...blocks.map(({ answered }) => answered)]);
  const committed = Promise.all(blocks.map(({ sent }) => sent)).then(() =>
    lane.call(commit, {
      handle: request.handle,
      rootDigest: rootDigest(content.bytes.length, content.digests),
    }),
  );
  const [, { facts }] = await Promise.all([answers, committed]);
  return facts;
}

export function sendBlock(
  lane: ClientChannel,
  handle: number,
  index: number,
  block: Buffer,
  pool: BlockPool,
): { readonly sent: Promise<void>; readonly answered: Promise<void> } {
  const buffer = pool.takeAnyway();
  block.copy(buffer, blockContentAt);
  const header = { handle, index, length: block.length, digest: blockDigest(block) };
  const { promise: sent, resolve } = Promise.withResolvers<void>();
  const answered = lane.sendBlock(buffer, header, () => {
    pool.give(buffer);
    resolve();
  });
  return { sent, answered };
}
