/** What every file of a job is moved with. */

import type { BlockPool } from '@ferry/protocol/content';
import type { Lanes } from '../client/lanes.ts';
import type { Existing } from '../engine/job.ts';
import type { Gate } from './gate.ts';

export type TransferContext = {
  readonly lanes: Pick<Lanes, 'take'>;
  readonly pool: BlockPool;
  readonly gate: Gate;
  readonly existing: Existing;
  readonly signal: AbortSignal;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside?: number;
  /** A file that is at its target with the same size and modification time was moved by an earlier process: it counts as moved. */
  readonly resumed?: boolean;
  /** The root digest of a file that was moved, before the call resolves. */
  readonly onDigest?: (digest: Uint8Array) => void;
  /** Verified bytes as they come; negative when a file has to begin again or failed. */
  readonly onBytes: (bytes: number) => void;
};

export type FileResult = 'moved' | 'skipped';
