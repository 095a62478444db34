/** What every file of a job is moved with. */

import type { Facts, Path } from '@ferry/protocol';
import type { BlockPool } from '@ferry/protocol/content';
import type { LaneSource } from '../client/lanes.ts';
import type { Existing } from '../engine/job.ts';
import type { Gate } from './gate.ts';
import type { Pace } from './pace.ts';

export type TransferContext = {
  readonly lanes: LaneSource;
  readonly pool: BlockPool;
  readonly gate: Gate;
  readonly existing: Existing;
  /** A job that is gone on with: a file that is there with the source's size and time was moved before, and counts as moved. */
  readonly resumed?: boolean;
  /** Looks at a file of the server. Wanted by resumed uploads only. @throws {FerryError} */
  readonly statRemote?: (path: Path, signal: AbortSignal) => Promise<Facts>;
  /**
   * Cancelled with SHUTTING_DOWN as its reason the partial file stays, to be gone on with; otherwise nothing is left.
   */
  readonly signal: AbortSignal;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside?: number;
  /** The root digest of a file that was moved, before the call resolves. */
  readonly onDigest?: (digest: Uint8Array) => void;
  /** Asked before bytes go or are asked for: bandwidth limits. */
  readonly pace: Pace;
  /** Verified bytes as they come; negative when a file has to begin again or failed. */
  readonly onBytes: (bytes: number) => void;
};

export type FileResult = 'moved' | 'skipped';
