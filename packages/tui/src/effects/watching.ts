/** Watches the folders that are shown, one of each side. UI thread; the engine waits. */

import { Code, FerryError, type Path } from '@ferry/protocol';
import type { Engine, Side, Where } from '../engine/engine.ts';
import type { Msg } from '../state/msg.ts';
import { wire } from './wire.ts';

/** A folder that boils is read again this often at most, milliseconds… */
const leastMs = 1000;
/** …and a fifth of the time at most goes into it. */
const part = 5;

export class Watching {
  readonly #engine: Engine;
  readonly #whereOf: (side: Side) => Where;
  readonly #post: (msg: Msg) => void;
  readonly #controllers = new Map<Side, AbortController>();
  /** How long the last listing of a side took. */
  readonly #listMs = new Map<Side, number>();

  constructor(engine: Engine, whereOf: (side: Side) => Where, post: (msg: Msg) => void) {
    this.#engine = engine;
    this.#whereOf = whereOf;
    this.#post = post;
  }

  listed(side: Side, ms: number): void {
    this.#listMs.set(side, ms);
  }

  /** Ends the side's watch before it. */
  async watch(side: Side, path: Path): Promise<void> {
    this.#controllers.get(side)?.abort();
    const controller = new AbortController();
    this.#controllers.set(side, controller);
    const { signal } = controller;
    const tell = (msg: Msg): void => {
      if (!signal.aborted) this.#post(msg);
    };
    let againAtMs = 0;
    let timer: NodeJS.Timeout | undefined;
    const again = (): void => {
      timer = undefined;
      againAtMs = performance.now() + Math.max(leastMs, part * (this.#listMs.get(side) ?? 0));
      tell({ kind: 'change', side, path, change: { kind: 'again' } });
    };
    try {
      await this.#engine.watching.watch(
        this.#whereOf(side),
        path,
        {
          onWatched: (pollMs) => tell({ kind: 'watched', side, path, pollMs }),
          onChange: (change) => {
            if (change.kind === 'changed') tell({ kind: 'change', side, path, change });
            else timer ??= setTimeout(again, Math.max(0, againAtMs - performance.now()));
          },
        },
        { signal },
      );
    } catch (error) {
      if (!(error instanceof FerryError) || error.code !== Code.CANCELLED) {
        tell({ kind: 'unwatched', side, path, error: wire(error) });
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
