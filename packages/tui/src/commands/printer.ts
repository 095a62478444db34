/**
 * How a command tells what moves: events in, lines out. Text for people, JSON for programs; which one is decided once.
 */

import type { Job } from '../engine/job.ts';

export interface Printer {
  /** Jobs as they are now; called a few times a second while something moves. */
  progress(jobs: readonly Job[]): void;
  /** A job has come to its end. */
  ended(job: Job): void;
  /** The line to the server is gone, or back. */
  connection(words: string): void;
  /** After the last job. */
  close(): void;
}
