/**
 * Long work inside of a server, or of this machine: one order after the other, what is told of it meanwhile, and its end. A failure
 * stops no other order; being stopped does. UI thread.
 */

import { Code, FerryError, type Path, type Shown, show, showName } from '@ferry/protocol';
import type { Engine, Where } from '../engine/engine.ts';
import type { WorkOrder, WorkResult } from '../engine/server-works.ts';
import type { Msg } from '../state/msg.ts';
import { notices } from '../state/texts.ts';
import type { Work, WorkVerb } from '../state/works.ts';
import { wire } from './wire.ts';

export type WorkSpec = {
  readonly where: Where;
  readonly verb: WorkVerb;
  /** How a failure is spoken of. */
  readonly doing: string;
  readonly orders: readonly WorkOrder[];
  readonly totalBytes?: number | undefined;
  /** Each that was done. */
  readonly onDone?: (order: WorkOrder, result: WorkResult) => void;
};

/** `files` of the orders that were done. */
export type WorksDone = { readonly count: number; readonly files: number };

export class Works {
  readonly #engine: Engine;
  readonly #post: (msg: Msg) => void;
  readonly #running = new Map<number, AbortController>();
  #last = 0;

  constructor(engine: Engine, post: (msg: Msg) => void) {
    this.#engine = engine;
    this.#post = post;
  }

  /** Tells of failures itself, and of having been stopped. Resolves when it is over. */
  async run({ where, verb, doing, orders, totalBytes, onDone }: WorkSpec): Promise<WorksDone> {
    const id = ++this.#last;
    const controller = new AbortController();
    this.#running.set(id, controller);
    const { signal } = controller;
    const what = whatOf(orders);
    const tell = (files: number, bytes: number): void => {
      const work: Work = { id, where, verb, what, files, bytes, totalBytes, isStopping: false };
      this.#post({ kind: 'working', work });
    };
    let [count, files, bytes] = [0, 0, 0];
    let error: unknown;
    tell(0, 0);
    for (const order of orders) {
      if (signal.aborted) break;
      try {
        const onProgress = (now: { files: number; bytes: number }): void =>
          tell(files + now.files, bytes + now.bytes);
        const result = await this.#engine.worksAt(where).run(order, { onProgress, signal });
        count += 1;
        files += result.files;
        bytes += result.bytes;
        onDone?.(order, result);
        if (result.firstFailure !== undefined && result.failed > 0) {
          const failure = { doing: `${doing}, ${result.failed} of it`, error: result.firstFailure };
          this.#post({ kind: 'failed', ...failure });
        }
      } catch (thrown) {
        error ??= thrown;
      }
    }
    this.#running.delete(id);
    this.#post({ kind: 'work-over', id });
    const isStopped = signal.aborted && count < orders.length;
    if (isStopped) this.#post({ kind: 'said', text: notices.stopped(doing, count, orders.length) });
    const isOwn = isStopped && error instanceof FerryError && error.code === Code.CANCELLED;
    if (error !== undefined && !isOwn) this.#post({ kind: 'failed', doing, error: wire(error) });
    return { count, files };
  }

  /** What is over is left alone. */
  stop(id: number): void {
    this.#running.get(id)?.abort();
  }

  changed(where: Where, ...folders: readonly Path[]): void {
    for (const folder of folders) this.#post({ kind: 'engine', event: { kind: 'changed', where, folder } });
  }
}

function whatOf(orders: readonly WorkOrder[]): Shown {
  const [first] = orders;
  const path =
    first === undefined ? undefined : 'from' in first ? first.from : 'path' in first ? first.path : undefined;
  const name = path?.at(-1);
  return orders.length === 1 && name !== undefined ? showName(name) : show(`${orders.length} entries`);
}
