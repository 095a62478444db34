/** A lane: a connection that carries file bytes for a session which may live on another thread. Worker threads. */

import type { Handlers } from '@ferry/protocol/session';
import { Kind } from '@ferry/protocol/wire';
import type { ShareDesk } from '../access/share-desk.ts';
import type { ContentIndex } from '../storage/content-index.ts';
import type { Transfers } from '../worker/transfers.ts';
import type { BufferShare } from './buffer-shares.ts';
import type { SessionContext } from './context.ts';
import { archiveHandler } from './handlers/archive.ts';
import { commitHandler } from './handlers/commit.ts';
import { createHandler } from './handlers/create.ts';
import { discardHandler } from './handlers/discard.ts';
import { fetchHandler } from './handlers/fetch.ts';
import { locateHandler } from './handlers/locate.ts';
import { manifestHandler } from './handlers/manifest.ts';
import { patchHandler } from './handlers/patch.ts';
import { readHandler } from './handlers/read.ts';
import { readSliceHandler } from './handlers/read-slice.ts';
import { receivedHandler } from './handlers/share.ts';
import { sliceHandler } from './handlers/slice.ts';
import { storeHandler } from './handlers/store.ts';
import { LaneReads } from './lane-reads.ts';
import { LaneUploads } from './lane-uploads.ts';
import { permitted } from './permitted.ts';
import { SessionWorks } from './works.ts';

export type LaneContext = SessionContext & {
  /** Of whoever it belongs to, with all of their lanes on this thread. */
  readonly buffers: BufferShare;
  readonly transfers: Transfers;
  readonly contents: ContentIndex;
  readonly desk: ShareDesk;
};

export class Lane {
  readonly handlers: Handlers;
  readonly #context: LaneContext;
  readonly #reads: LaneReads;
  readonly #uploads: LaneUploads;

  constructor(context: LaneContext) {
    this.#context = context;
    this.#reads = new LaneReads(context);
    this.#uploads = new LaneUploads(context);
    this.handlers = permitted(
      context,
      new Map([
        readHandler(this.#reads),
        readSliceHandler(this.#reads),
        createHandler(this.#uploads),
        commitHandler(this.#uploads),
        discardHandler(this.#uploads),
        storeHandler(context),
        fetchHandler(context),
        manifestHandler(context),
        locateHandler(context),
        patchHandler(this.#uploads),
        archiveHandler(context, new SessionWorks(context.transfers)),
        sliceHandler(this.#uploads),
        receivedHandler(context, context.desk),
      ]),
    );
  }

  /** As ServerChannelOpts.onBlock. */
  async block(buffer: Buffer, bodyBytes: number): Promise<void> {
    this.#context.standing.check(Kind.block);
    await this.#uploads.block(buffer, bodyBytes);
  }

  /** The connection has ended: unfinished uploads are given up, open files closed. */
  end(): void {
    this.#reads.end();
    this.#uploads.end();
  }
}
