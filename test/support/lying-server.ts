/** Lanes to a server in memory that serves one file, and lies about it as a test wants. */

import { Code, EntryKind, type Facts, FerryError, limits, nameFromText } from '@ferry/protocol';
import { BlockPool, blockContentAt } from '@ferry/protocol/content';
import { type MemoryLinkOpts, memoryLinks } from '@ferry/protocol/link';
import { type Read, read } from '@ferry/protocol/messages';
import { ClientChannel, handler, type ServerCall, ServerChannel } from '@ferry/protocol/session';
import type { LaneSource } from '../../packages/tui/src/client/lanes.ts';
import { type Content, contentOf } from './staging.ts';

export type SentBlock = { readonly index: number; readonly content: Buffer; readonly digest: Uint8Array };

export type Lies = {
  /** The parts that describe the file; honest: one. */
  readonly facts?: (facts: Facts) => readonly Facts[];
  /** What goes out for a block that was asked for, the `ask`-th time (from 1); honest: the block itself. */
  readonly block?: (block: SentBlock, ask: number) => readonly SentBlock[];
  /** Called before each block; a test may wait here. */
  readonly before?: (index: number) => Promise<void> | void;
};

export type LyingServer = {
  /** As the transfers want them. */
  readonly lanes: LaneSource;
  readonly content: Content;
  readonly facts: Facts;
  /** Lanes opened so far. */
  opened: number;
  /** How often each block was asked for. */
  readonly asks: Map<number, number>;
};

/** `linkOpts` is asked for the manners of the n-th lane, from 1. */
export function lyingServer(
  bytes: Buffer,
  lies: Lies = {},
  linkOpts: (lane: number) => MemoryLinkOpts = () => ({}),
): LyingServer {
  const content = contentOf(bytes);
  const facts: Facts = {
    name: nameFromText('f'),
    kind: EntryKind.file,
    size: bytes.length,
    modified: { s: 1_600_000_000, ns: 0 },
    mode: 0o640,
    identity: 'one',
    sparse: false,
  };
  const asks = new Map<number, number>();
  const pool = new BlockPool();
  let channel: ClientChannel | undefined;
  const server: LyingServer = {
    content,
    facts,
    opened: 0,
    asks,
    lanes: {
      share: () => 1,
      prepare: () => {},
      take: async (signal) => {
        if (signal.aborted) throw new FerryError(Code.CANCELLED, 'cancelled');
        if (channel === undefined || channel.ended !== undefined) {
          server.opened += 1;
          channel = open(memoryLinks(linkOpts(server.opened)));
        }
        return {
          channel,
          nextHandle: () => 1,
          moved: () => {},
          window: () => 12,
          rttMs: 0,
          abandon: () => channel?.abort(new FerryError(Code.CONNECTION_LOST, 'abandoned')),
          release: () => {},
        };
      },
    },
  };
  const open = ({ a, b }: ReturnType<typeof memoryLinks>): ClientChannel => {
    new ServerChannel(b, {
      pool,
      handlers: new Map([handler(read, serve)]),
      controlLimit: limits.controlFrameBytes,
      onEnd: () => {},
    });
    return new ClientChannel(a);
  };
  const serve = async (request: Read, call: ServerCall<{ facts: Facts }>) => {
    if (request.identity === undefined)
      for (const part of lies.facts?.(facts) ?? [facts]) call.part({ facts: part });
    let blocks = 0;
    for (let index = request.first; index < request.first + request.count; index++) {
      const block = content.blocks[index];
      const digest = content.digests[index];
      if (block === undefined || digest === undefined) break;
      await lies.before?.(index);
      const ask = (asks.get(index) ?? 0) + 1;
      asks.set(index, ask);
      const honest = { index, content: block, digest };
      for (const sent of lies.block?.(honest, ask) ?? [honest]) {
        const buffer = pool.takeAnyway();
        sent.content.copy(buffer, blockContentAt);
        const header = { handle: 0, index: sent.index, length: sent.content.length, digest: sent.digest };
        if (!call.block(buffer, header, () => pool.give(buffer))) await call.ready();
        blocks += 1;
      }
    }
    return { blocks };
  };
  return server;
}
