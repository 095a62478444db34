/** What a job at work has at hand; made by mover.ts. I/O thread. */

import type { Path } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { Lanes } from '../client/lanes.ts';
import type { RemoteOwners } from '../client/remote-owners.ts';
import type { Pace } from '../transfer/pace.ts';
import type { Origin } from '../transfer/relay-file.ts';
import type { FileSource } from './source.ts';

/** Also whom its files belong to. */
export type JobOrigin = Origin & { readonly owners: RemoteOwners };

export type LiveJobContext = {
  readonly remote: FileSource;
  /** The server that an upload's files come from, where it is not this machine. */
  readonly origin: JobOrigin | undefined;
  readonly owners: RemoteOwners;
  readonly lanes: Lanes;
  readonly pool: BlockPool;
  /** The limit of all jobs in this direction together. */
  readonly bandwidth: Pace;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside: number;
  /** Some of it may be at its target already, moved by an earlier process: what is there and the same counts as moved. */
  readonly resumed: boolean;
  /** Somebody is there, now or later, to answer questions about names that are taken. */
  readonly mayAsk: boolean;
  /** Something about the job is different: it wants to be shown, and there may be a place for a file. */
  readonly onChange: () => void;
  /** Bytes came; nothing else is different. */
  readonly onProgress: () => void;
  /** A file or folder appeared in a folder of the receiving side. */
  readonly onArrival: (folder: Path) => void;
};
