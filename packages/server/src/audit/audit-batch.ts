/**
 * Lines for the audit log on their way to the main thread: those of one turn of the event loop go together, so that a worker that
 * moves many small files sends few messages, and one that crashes loses no line of an earlier turn. Worker threads.
 */

type Send = (lines: readonly string[]) => void;

export class AuditBatch {
  readonly #send: Send;
  #lines: string[] = [];

  constructor(send: Send) {
    this.#send = send;
  }

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#send(lines);
  }
}
