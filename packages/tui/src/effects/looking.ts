/**
 * What the viewer and the preview want from files: bytes, places of a text, beginnings of lines. Each request ends in one message, or in
 * none when it was stopped. UI thread.
 */

import { setTimeout as pause } from 'node:timers/promises';
import type { Entry } from '@ferry/protocol';
import type { Engine } from '../engine/engine.ts';
import type { FileSource } from '../engine/source.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import type { Seen } from '../state/preview.ts';
import { findLine, findText, type Searched } from './search-file.ts';
import { wire } from './wire.ts';

export type LookingCmd = Cmd & { readonly kind: 'look' | 'find-text' | 'find-line' | 'peek' };

/** Between two tellings of how far a search is. */
const progressMs = 150;

/** A cursor that is moving on wants nothing. */
const peekAfterMs = 60;
const peekBytes = 16 * 1024;
const peekEntries = 500;

/** Reads no further than what one looks at. */
async function peek(
  source: FileSource,
  { path, isFolder }: Cmd & { readonly kind: 'peek' },
  signal: AbortSignal,
): Promise<Seen> {
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

export class Looking {
  readonly #engine: Engine;
  readonly #post: (msg: Msg) => void;
  readonly #running = new Map<number, AbortController>();

  constructor(engine: Engine, post: (msg: Msg) => void) {
    this.#engine = engine;
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
    const source = this.#engine[side];
    if (cmd.kind === 'peek') {
      await pause(peekAfterMs, undefined, { signal });
      return { kind: 'peeked', request, seen: await peek(source, cmd, signal) };
    }
    if (cmd.kind === 'look') {
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
    const at =
      cmd.kind === 'find-text'
        ? await findText(searched, cmd, { signal })
        : await findLine(searched, cmd.line, { signal });
    return { kind: 'worked', request, at };
  }
}
