/**
 * What the viewer and the preview want from files: bytes, places of a text, beginnings of lines. Each request ends in one message, or in
 * none when it was stopped. UI thread.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { asFerryError, baseName, Code, type Entry, type Path, show } from '@ferry/protocol';
import type { Side } from '../engine/engine.ts';
import type { FileSource } from '../engine/source.ts';
import { archiveFormat } from '../state/archive-format.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { isPictureName } from '../state/picture.ts';
import type { Seen } from '../state/preview.ts';
import { listingText } from './archive/archive-entry.ts';
import { type Archive, listArchive } from './archive/list-archive.ts';
import { loadPicture } from './pictures/load-picture.ts';
import { pictureFormat } from './pictures/picture-head.ts';
import { findLine, findText, type Searched } from './search-file.ts';
import { wire } from './wire.ts';

export type LookingCmd = Cmd & {
  readonly kind: 'look' | 'find-text' | 'find-line' | 'peek' | 'list-archive' | 'show-picture';
};

/** Between two tellings of how far a search is. */
const progressMs = 150;

/** A cursor that is moving on wants nothing. */
const peekAfterMs = 60;
/** How often the end of a file that is followed is looked at. */
const followMs = 1000;
const peekBytes = 16 * 1024;
const peekEntries = 500;
const peekBounds = { mostEntries: 200, mostBytes: 512 * 1024, mostUnpacked: 64 * 1024 * 1024 };
/** Of one listing: what one can still read through, and wait for. */
const archiveBounds = { mostEntries: 20_000, mostBytes: 32 * 1024 * 1024, mostUnpacked: 4 * 1024 ** 3 };

/** Reads no further than what one looks at. */
async function peek(
  source: FileSource,
  { path, isFolder }: Cmd & { readonly kind: 'peek' },
  signal: AbortSignal,
): Promise<Seen> {
  const format = isFolder ? undefined : archiveFormat(baseName(path));
  if (format !== undefined) {
    const listed = await peekInto({ source, path, format, onProgress: () => {} }, signal);
    if (listed !== undefined) return listed;
  }
  if (!isFolder && isPictureName(baseName(path))) {
    const picture = await peekAtPicture(source, path, signal);
    if (picture !== undefined) return picture;
  }
  if (!isFolder) {
    const { facts, content } = await source.readRange(path, { offset: 0, length: peekBytes }, { signal });
    return { kind: 'file', facts, content };
  }
  const entries: Entry[] = [];
  const enough = new AbortController();
  try {
    await source.list(
      path,
      (page) => {
        entries.push(...page);
        if (entries.length > peekEntries) enough.abort();
      },
      { signal: AbortSignal.any([signal, enough.signal]) },
    );
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  return { kind: 'folder', entries: entries.slice(0, peekEntries), isWhole: entries.length <= peekEntries };
}

/** What is in an archive; undefined for what is none in spite of its name. */
async function peekInto(archive: Archive, signal: AbortSignal): Promise<Seen | undefined> {
  try {
    const { facts } = await archive.source.readRange(archive.path, { offset: 0, length: 1 }, { signal });
    const content = listingText(await listArchive(archive, peekBounds, { signal }), 'narrow');
    return { kind: 'file', facts: { ...facts, size: content.length }, content };
  } catch (error) {
    if (asFerryError(error).code === Code.INTEGRITY) return undefined;
    throw error;
  }
}

/** Why there is nothing to be seen of it is worth a line; undefined for what is no picture in spite of its name. */
async function peekAtPicture(source: FileSource, path: Path, signal: AbortSignal): Promise<Seen | undefined> {
  try {
    const loaded = await loadPicture({ source, path, onProgress: () => {} }, { signal });
    return { kind: 'picture', ...loaded };
  } catch (error) {
    const { code, message } = asFerryError(error);
    if (code !== Code.INTEGRITY && code !== Code.LIMIT) throw error;
    const { facts, content } = await source.readRange(path, { offset: 0, length: 16 }, { signal });
    if (pictureFormat(content) === undefined) return undefined;
    return { kind: 'picture', facts, picture: undefined, why: show(message) };
  }
}

export class Looking {
  readonly #sourceOf: (side: Side) => FileSource;
  readonly #post: (msg: Msg) => void;
  readonly #running = new Map<number, AbortController>();

  constructor(sourceOf: (side: Side) => FileSource, post: (msg: Msg) => void) {
    this.#sourceOf = sourceOf;
    this.#post = post;
  }

  run(cmd: LookingCmd): void {
    const controller = new AbortController();
    const { request } = cmd;
    this.#running.set(request, controller);
    const { signal } = controller;
    this.#do(cmd, signal)
      .then(
        (msg) => {
          if (!signal.aborted) this.#post(msg);
        },
        (error: unknown) => {
          const kind = cmd.kind === 'peek' ? 'unpeeked' : 'unlooked';
          if (!signal.aborted) this.#post({ kind, request, error: wire(error) });
        },
      )
      .finally(() => this.#running.delete(request));
  }

  stop(request: number): void {
    this.#running.get(request)?.abort();
  }

  async #do(cmd: LookingCmd, signal: AbortSignal): Promise<Msg> {
    const { request, side, path } = cmd;
    const source = this.#sourceOf(side);
    if (cmd.kind === 'peek') {
      await pause(peekAfterMs, undefined, { signal });
      return { kind: 'peeked', request, seen: await peek(source, cmd, signal) };
    }
    if (cmd.kind === 'look') {
      if (cmd.isLater) await pause(followMs, undefined, { signal });
      const { facts, content } = await source.readRange(path, cmd.piece, { signal });
      return { kind: 'looked', request, offset: cmd.piece.offset, facts, content };
    }
    let toldMs = performance.now();
    const searched: Searched = {
      source,
      path,
      onProgress: (at) => {
        if (performance.now() - toldMs < progressMs || signal.aborted) return;
        toldMs = performance.now();
        this.#post({ kind: 'works-at', request, at });
      },
    };
    if (cmd.kind === 'list-archive') {
      const { facts } = await source.readRange(path, { offset: 0, length: 1 }, { signal });
      const listing = await listArchive({ ...searched, format: cmd.format }, archiveBounds, { signal });
      return { kind: 'archive-listed', request, text: listingText(listing), facts };
    }
    if (cmd.kind === 'show-picture') {
      return { kind: 'picture-shown', request, ...(await loadPicture(searched, { signal })) };
    }
    const at =
      cmd.kind === 'find-text'
        ? await findText(searched, cmd, { signal })
        : await findLine(searched, cmd.line, { signal });
    return { kind: 'worked', request, at };
  }
}
