/** What a staged file is to become, and what its commit says. Used on I/O threads. */

import type { Facts, Time } from '../entry.ts';
import type { Path } from '../path.ts';
import type { TargetRule } from './target.ts';

/** Whose trash a version goes to that is overwritten; undefined: it is gone. */
export type KeepsOld = { readonly keepsFor?: string | undefined };

export type StagedFileSpec = TargetRule &
  KeepsOld & {
    /** 32 hex digits, random: names the partial file, which never takes anything from the user's name. */
    readonly transferId: string;
    readonly target: Path;
    /** Bytes. */
    readonly size: number;
    readonly modified: Time;
    /** Permission bits; only 0o777 of them are kept, less the staging's umask. */
    readonly mode: number;
    /**
     * The version of the source, 1…32 bytes as a byte string. With it a large file keeps a journal, so that it can be gone on
     * with after an interruption, and others can join in.
     */
    readonly source?: string | undefined;
    /** Zeros over zeros are not written, so that holes of the source stay holes; then it need not fit the free space. */
    readonly sparse?: boolean;
    /** Whose transfer it is; nobody else may go on with it. Default ''. */
    readonly owner?: string;
    /** What it belongs to: see Staging.discardTagged. At most 255 bytes as a byte string. */
    readonly tag?: string;
    /** Who asks again hears the same answer: Staging.committed. */
    readonly isRemembered?: boolean;
  };

/** `durable`: survives a power cut. False where a file system cannot sync a folder, or the root was opened so. */
export type Committed = { readonly facts: Facts; readonly durable: boolean };
