/** What every file of a job is moved with. */

import type { BlockPool } from '@ferry/protocol/content';
import type { LaneSource } from '../client/lanes.ts';
import type { Gate } from './gate.ts';
import type { Pace } from './pace.ts';

/**
 * How a file meets what has its name already. `fail`: it is left and EXISTS is thrown. `overwrite`: it is replaced; with `expected`
 * only that version of it, and another one there is CONFLICT.
 */
export type Placing =
  | { readonly existing: 'fail' }
  | { readonly existing: 'overwrite'; readonly expected?: string | undefined };

export type TransferContext = {
  readonly lanes: LaneSource;
  readonly pool: BlockPool;
  readonly gate: Gate;
  readonly placing: Placing;
  /** Some of it may have been moved by an earlier process: small files that are there already count as moved. */
  readonly resumed?: boolean;
  /**
   * Cancelled with SHUTTING_DOWN as its reason the partial file stays, to be gone on with; otherwise nothing is left.
   */
  readonly signal: AbortSignal;
  /** As StagingOpts.writesBeside. */
  readonly writesBeside?: number;
  /** As StagedFileSpec.tag, of downloads. */
  readonly tag?: string;
  /** The root digest of a file that was moved, before the call resolves. */
  readonly onDigest?: (digest: Uint8Array) => void;
  /** Asked before bytes go or are asked for: bandwidth limits. */
  readonly pace: Pace;
  /** Verified bytes as they come; negative when a file has to begin again or failed. */
  readonly onBytes: (bytes: number) => void;
};
