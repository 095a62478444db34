/** How much an account may hold and move, and what is kept for it. Pure. */

export type Bounds = {
  /** Bytes of all files below the account's root; undefined here and below: no bound. */
  readonly quotaBytes: number | undefined;
  /** Files, folders and links below the account's root. */
  readonly quotaFiles: number | undefined;
  /** Bytes a second to all its devices together. */
  readonly downRate: number | undefined;
  /** Bytes a second from them. */
  readonly upRate: number | undefined;
  /** What it overwrites goes to its trash. */
  readonly keepsOld: boolean;
};

export const unbounded: Bounds = {
  quotaBytes: undefined,
  quotaFiles: undefined,
  downRate: undefined,
  upRate: undefined,
  keepsOld: true,
};
