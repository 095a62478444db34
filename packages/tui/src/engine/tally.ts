/** What a job at work has counted. Held by live-job.ts; I/O thread. */

import type { Figures, FileFailure, Loss } from './job.ts';

/** Failures and losses that are told one by one; the rest is counted. */
const toldMost = 100;

export class Tally {
  doneBytes = 0;
  totalBytes = 0;
  doneFiles = 0;
  totalFiles = 0;
  skippedFiles = 0;
  #failedFiles = 0;
  #failures: readonly FileFailure[] = [];
  #losses: readonly Loss[] = [];
  #lostCount = 0;

  fail(failure: FileFailure): void {
    this.#failedFiles += 1;
    if (this.#failures.length < toldMost) this.#failures = [...this.#failures, failure];
  }

  lose(loss: Loss): void {
    this.#lostCount += 1;
    if (this.#losses.length < toldMost) this.#losses = [...this.#losses, loss];
  }

  /** What failed is tried again. */
  forgive(): void {
    this.#failedFiles = 0;
    this.#failures = [];
  }

  /** Everything is found anew. */
  restart(): void {
    this.doneBytes = this.totalBytes = this.doneFiles = this.totalFiles = this.skippedFiles = 0;
    this.#losses = [];
    this.#lostCount = 0;
  }

  figures(): Omit<Figures, 'walked' | 'rate' | 'movingMs' | 'error'> {
    const { doneBytes, totalBytes, doneFiles, totalFiles, skippedFiles } = this;
    return {
      doneBytes,
      totalBytes,
      doneFiles,
      totalFiles,
      skippedFiles,
      failedFiles: this.#failedFiles,
      failures: this.#failures,
      ...(this.#lostCount === 0 ? {} : { losses: this.#losses, lostCount: this.#lostCount }),
    };
  }
}
