/**
 * What the viewer wants from a file: bytes, places of a text, beginnings of lines. Each request ends in one message, or in
 * none when it was stopped. UI thread.
 */

import type { Engine } from '../engine/engine.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { findLine, findText, type Searched } from './search-file.ts';
import { wire } from './wire.ts';

export type LookingCmd = Cmd & { readonly kind: 'look' | 'find-text' | 'find-line' };

/** Between two tellings of how far a search is. */
const progressMs = 150;

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
          if (!signal.aborted) this.#post({ kind: 'unlooked', request, error: wire(error) });
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
