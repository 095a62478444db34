/** Rows of a long work on their way into parts: the first at once, the others by the page. Worker threads. */

import { limits } from '@ferry/protocol';
import type { Rows, Work } from '@ferry/protocol/disk';
import type { TreeProgress } from '@ferry/protocol/messages';
import type { ServerCall } from '@ferry/protocol/session';
import { treeParts } from './works.ts';

/** Stays below limits.msgpackItems, whatever the rows are. */
const mostRows = 500;

type MakePart<Row, Part> = (progress: TreeProgress, rows: readonly Row[], work: Work) => Part;

export class RowParts<Row, Part extends TreeProgress> {
  readonly #call: ServerCall<Part>;
  readonly #part: MakePart<Row, Part>;
  readonly #bytesOf: (row: Row) => number;
  #rows: Row[] = [];
  #bytes = 0;
  #sent = false;

  /** `bytesOf`: what a row takes on the wire, at most. */
  constructor(call: ServerCall<Part>, part: MakePart<Row, Part>, bytesOf: (row: Row) => number) {
    this.#call = call;
    this.#part = part;
    this.#bytesOf = bytesOf;
  }

  /** For the work to hand rows to. */
  rows(work: Work): Rows<Row> {
    return (row) => {
      const more = this.#bytesOf(row);
      const isFull = this.#rows.length >= mostRows || this.#bytes + more > limits.pageBytes;
      const flushed = isFull ? this.#flush(work) : undefined;
      this.#rows.push(row);
      this.#bytes += more;
      if (this.#sent) return flushed;
      this.#sent = true;
      return this.#flush(work);
    };
  }

  /** As SessionWorks.run's `tell`. */
  readonly tell = (work: Work): readonly Part[] => {
    const rows = this.#take();
    const { files, folders, bytes } = work;
    const failed = treeParts(work);
    // Rows and failures together could be more than a frame holds.
    const own = rows.length > 0 ? [this.#part({ files, folders, bytes, failures: [] }, rows, work)] : [];
    const hasFailures = (failed[0]?.failures.length ?? 0) > 0;
    if (rows.length > 0 && !hasFailures) return own;
    return [...own, ...failed.map((progress) => this.#part(progress, [], work))];
  };

  #flush(work: Work): Promise<void> | undefined {
    const { files, folders, bytes } = work;
    const rows = this.#take();
    if (rows.length === 0) return undefined;
    return this.#call.part(this.#part({ files, folders, bytes, failures: [] }, rows, work))
      ? undefined
      : this.#call.ready();
  }

  #take(): readonly Row[] {
    const rows = this.#rows;
    this.#rows = [];
    this.#bytes = 0;
    return rows;
  }
}
