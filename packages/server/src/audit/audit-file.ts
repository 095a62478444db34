/**
 * The audit log on the disk: whole lines, appended in order, each with a number, so that one that is missing shows. A disk that is slow or
 * full holds up nobody: what waits is kept up to a bound and tried again; beyond it lines are counted and the count is
 * written when there is room. Main thread.
 */

import { closeSync, fstatSync, fsyncSync, openSync, readSync, renameSync, write, writeSync } from 'node:fs';
import { Code, FerryError, show } from '@ferry/protocol';

export type AuditFileOpts = {
  readonly path: string;
  /** A file that has grown to this is put aside, as `PATH.TIME`, and another begun; undefined: never. */
  readonly mostBytes: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** It cannot be written any more: in words, once, until onMended. */
  readonly onFault: (why: string) => void;
  /** It can again. */
  readonly onMended: (lost: number) => void;
  /** For tests of a failing disk; default: the system's. */
  readonly write?: (
    descriptor: number,
    bytes: Buffer,
    done: (error: Error | null, written: number) => void,
  ) => void;
  /** Lines may wait in memory, bytes. */
  readonly mostWaiting?: number;
};

const usualMostWaiting = 16 * 1024 * 1024;
/** Written at once. */
const pieceBytes = 1024 * 1024;
/** Between two tries while the disk takes nothing, milliseconds. */
const retryMs = 1000;

export class AuditFile {
  readonly #opts: AuditFileOpts;
  #descriptor: number;
  #size: number;
  #number = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** What is being written, from where it goes on. */
  #piece: Buffer | undefined;
  #isWriting = false;
  #isBroken = false;
  #wantsReopen = false;
  #lost = 0;
  #lostInAll = 0;
  #timer: NodeJS.Timeout | undefined;
  #idle: (() => void)[] = [];

  /** @throws {FerryError} CONFIG when the file cannot be opened */
  constructor(opts: AuditFileOpts) {
    this.#opts = opts;
    this.#descriptor = this.#open();
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** Nothing could be written at the last try. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  get figures(): { readonly lines: number; readonly lost: number; readonly waitingBytes: number } {
    return { lines: this.#number, lost: this.#lostInAll, waitingBytes: this.#waitingBytes };
  }

  /**
   * Writes the first line at once, so that who wants no server without an audit log has none.
   * @throws {FerryError} CONFIG when it cannot be written; it waits like any other then
   */
  begin(line: string): void {
    this.#queue([line]);
    let rest = this.#nextPiece() ?? Buffer.alloc(0);
    try {
      while (rest.length > 0) {
        const written = writeSync(this.#descriptor, rest);
        rest = rest.subarray(written);
        this.#size += written;
        this.#waitingBytes -= written;
      }
    } catch (error) {
      this.#piece = rest;
      throw this.#unusable(error);
    }
  }

  /** Lines as audit-line.ts makes them. Never waits. */
  add(lines: readonly string[]): void {
    if (this.#waitingBytes >= (this.#opts.mostWaiting ?? usualMostWaiting)) {
      this.#lost += lines.length;
      this.#lostInAll += lines.length;
      return;
    }
    if (this.#lost > 0) this.#tellLost();
    this.#queue(lines);
    this.#pump();
  }

  /** Another file of that name from now on: who rotates logs has moved this one. */
  reopen(): void {
    this.#wantsReopen = true;
    this.#pump();
  }

  /** Resolves when all that was added is written and synced, or cannot be. */
  async close(): Promise<void> {
    if (this.#lost > 0) this.#tellLost();
    this.#pump();
    if (this.#isWriting) await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearTimeout(this.#timer);
  }

  /** What is left, now: the process ends. What was on its way may be there twice, by its numbers. */
  closeNow(): void {
    clearTimeout(this.#timer);
    const rest = [...(this.#piece === undefined ? [] : [this.#piece]), ...this.#waiting];
    this.#waiting = [];
    this.#piece = undefined;
    try {
      // A line of which only the beginning is there must not swallow the next.
      if (this.#isWriting) writeSync(this.#descriptor, '\n');
      for (const piece of rest) writeSync(this.#descriptor, piece);
      fsyncSync(this.#descriptor);
    } catch {
      // It was said already that it cannot be written, or nobody is left to hear it.
    }
  }

  #open(): number {
    const { path } = this.#opts;
    try {
      const descriptor = openSync(path, 'a+', 0o600);
      this.#endTornLine(descriptor);
      return descriptor;
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  #unusable(cause: unknown): FerryError {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    return new FerryError(Code.CONFIG, `the audit log ${show(this.#opts.path)} cannot be written (${why})`, {
      cause,
    });
  }

  /** A power cut may have left the beginning of a line; it must not swallow the next. */
  #endTornLine(descriptor: number): void {
    const { size } = fstatSync(descriptor);
    const last = Buffer.alloc(1);
    if (size === 0 || readSync(descriptor, last, 0, 1, size - 1) === 0 || last.toString() === '\n') return;
    writeSync(descriptor, '\n');
  }

  #tellLost(): void {
    const time = new Date(this.#opts.now()).toISOString();
    const lines = this.#lost;
    this.#lost = 0;
    this.#queue([JSON.stringify({ time, verb: 'audit-lost', lines, result: 'NO_SPACE' })]);
  }

  #queue(lines: readonly string[]): void {
    const first = this.#number + 1;
    this.#number += lines.length;
    const text = lines.map((line, i) => `{"n":${first + i},${line.slice(1)}\n`).join('');
    const bytes = Buffer.from(text, 'utf8');
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #pump(): void {
    if (this.#isWriting || this.#timer !== undefined) return;
    if (this.#piece === undefined) {
      try {
        this.#changeFile();
      } catch (error) {
        this.#broken(error);
        return;
      }
      this.#piece = this.#nextPiece();
    }
    const piece = this.#piece;
    if (piece === undefined) {
      for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    this.#isWriting = true;
    const put = this.#opts.write ?? ((descriptor, bytes, done) => write(descriptor, bytes, done));
    put(this.#descriptor, piece, (error, written) => {
      this.#isWriting = false;
      if (error !== null) {
        this.#broken(error);
        return;
      }
      this.#size += written;
      this.#waitingBytes -= written;
      this.#piece = written < piece.length ? piece.subarray(written) : undefined;
      this.#mended();
      this.#pump();
    });
  }

  /** Between two lines. */
  #changeFile(): void {
    const { path, mostBytes, now } = this.#opts;
    const isFull = mostBytes !== undefined && this.#size >= mostBytes && this.#waiting.length > 0;
    if (!isFull && !this.#wantsReopen) return;
    if (isFull && !this.#wantsReopen) {
      renameSync(path, `${path}.${new Date(now()).toISOString().replaceAll(/[-:]/g, '')}-${this.#number}`);
    }
    const next = this.#open();
    fsyncSync(this.#descriptor);
    closeSync(this.#descriptor);
    this.#descriptor = next;
    this.#size = fstatSync(next).size;
    this.#wantsReopen = false;
  }

  #nextPiece(): Buffer | undefined {
    const taken: Buffer[] = [];
    let bytes = 0;
    while (bytes < pieceBytes) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      taken.push(next);
      bytes += next.length;
    }
    return taken.length === 0 ? undefined : Buffer.concat(taken);
  }

  #broken(error: unknown): void {
    if (!this.#isBroken) {
      this.#isBroken = true;
      const { code, message } = error as NodeJS.ErrnoException;
      this.#opts.onFault(code === 'ENOSPC' ? 'the disk is full' : show(message));
    }
    // Who waits for the end waits no longer for a disk that takes nothing.
    for (const resolve of this.#idle.splice(0)) resolve();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, retryMs);
    this.#timer.unref();
  }

  #mended(): void {
    if (!this.#isBroken) return;
    this.#isBroken = false;
    this.#opts.onMended(this.#lost);
    if (this.#lost > 0) this.#tellLost();
  }
}
