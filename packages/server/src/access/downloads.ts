/**
 * How often the files of shares have been downloaded. Where a share bounds that, a device has to have a _place_ for a file before any
 * of it goes out: it takes one with the first byte, keeps it while it goes on, and has used it up when it says that the file arrived
 * whole. Who gives up gives the place back, after a while. Used by access/operations.ts; any thread.
 *
 * A device that never says so keeps its place, as all of the file has gone out to it; what it may fetch over and over is what it
 * has already. As only so many devices get in as there are downloads, silence gets nobody anything.
 */

import { encodePath, type Path } from '@ferry/protocol';
import { AccessFile } from './access-file.ts';

/** A place that nothing went out for this long, with part of the file missing, is free again, milliseconds. */
export const quietMs = 600_000;

/** One device and one file. */
export type Use = {
  /** How often it said that the file had arrived. */
  readonly verified: number;
  /** Bytes that went out to it since; 0: it has no place. */
  readonly sent: number;
  /** When some did last, milliseconds since 1970. */
  readonly touchedMs: number;
};

/** May a device have, or go on with, a place? @param others what other devices have of the file, and @param own itself */
export function hasPlace(
  others: readonly Use[],
  own: Use | undefined,
  { size, most, nowMs }: { readonly size: number; readonly most: number; readonly nowMs: number },
): boolean {
  const spent = [...others, ...(own === undefined ? [] : [own])].reduce(
    (sum, { verified }) => sum + verified,
    0,
  );
  const held = others.filter(
    ({ sent, touchedMs }) => sent > 0 && (sent >= size || nowMs - touchedMs < quietMs),
  ).length;
  return spent + held < most;
}

export type Download = {
  /** The share's account. */
  readonly share: number;
  /** From the shared folder. */
  readonly path: Path;
  readonly device: Uint8Array;
};

export class Downloads {
  readonly #path: string | AccessFile;
  #opened: AccessFile | undefined;

  /** @param file of the accounts; opened with the first use */
  constructor(file: string | AccessFile) {
    this.#path = file;
  }

  /** Takes a place, or has one, and counts what goes out first. @returns whether there was one. @throws {FerryError} IO_ERROR */
  begin(download: Download, bytes: number, size: number, most: number, nowMs: number): boolean {
    const { share, path, device } = download;
    const key = encodePath(path);
    return this.#file.inTransaction(() => {
      const uses = this.#file
        .all(
          'select device, verified, sent, touched_ms from download where share = ? and path = ?',
          share,
          key,
        )
        .map((row) => ({
          isOwn: row['device'] instanceof Uint8Array && Buffer.compare(row['device'], device) === 0,
          verified: Number(row['verified']),
          sent: Number(row['sent']),
          touchedMs: Number(row['touched_ms']),
        }));
      const others = uses.filter(({ isOwn }) => !isOwn);
      if (
        !hasPlace(
          others,
          uses.find(({ isOwn }) => isOwn),
          { size, most, nowMs },
        )
      )
        return false;
      // An ended share has no row to refer to: what still goes out for an instant is not counted.
      this.#file.run(
        `insert into download select account, ?, ?, 0, ?, ? from share where account = ?
         on conflict (share, path, device) do update set sent = sent + excluded.sent, touched_ms = excluded.touched_ms`,
        key,
        device,
        bytes,
        nowMs,
        share,
      );
      return true;
    });
  }

  /** More of a file goes out to a device that has a place for it. @throws {FerryError} IO_ERROR */
  sent({ share, path, device }: Download, bytes: number, nowMs: number): void {
    this.#file.inTransaction(() =>
      this.#file.run(
        `update download set sent = sent + ?, touched_ms = ?
         where share = ? and path = ? and device = ? and sent > 0`,
        bytes,
        nowMs,
        share,
        encodePath(path),
        device,
      ),
    );
  }

  /** A device says that these files arrived whole; of what never went out to it nothing is counted. @throws {FerryError} IO_ERROR */
  verified(share: number, device: Uint8Array, paths: readonly Path[]): void {
    this.#file.inTransaction(() => {
      for (const path of paths) {
        this.#file.run(
          `update download set verified = verified + 1, sent = 0
           where share = ? and path = ? and device = ? and sent > 0`,
          share,
          encodePath(path),
          device,
        );
      }
    });
  }

  get #file(): AccessFile {
    if (typeof this.#path !== 'string') return this.#path;
    this.#opened ??= new AccessFile(this.#path, { isRelaxed: true });
    return this.#opened;
  }

  /** Idempotent. */
  close(): void {
    this.#opened?.close();
    this.#opened = undefined;
  }
}
