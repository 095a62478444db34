/** The server's long works over the control connection. I/O thread. */

import { type Entry, limits, type Name, type WireError } from '@ferry/protocol';
import {
  copy,
  Existing,
  find,
  move,
  removeTree,
  restore,
  type TreeDone,
  type TreeProgress,
  trash,
  unpack,
} from '@ferry/protocol/messages';
import type { ServerWorks, WorkResult, WorkWait } from '../engine/server-works.ts';
import type { Connection } from './connection.ts';

export function remoteWorks(connection: Connection): ServerWorks {
  return {
    run: async (order, opts = {}) => {
      const { channel } = await connection.session(opts.signal);
      const told = new Told(opts);
      const wait = { ...(opts.signal === undefined ? {} : { signal: opts.signal }), onPart: told.hear };
      switch (order.verb) {
        case 'trash': {
          const { deletion } = await channel.call(trash, { path: order.path }, wait);
          const id = Buffer.from(deletion.id).toString('hex');
          return { ...told.result(), files: deletion.files, bytes: deletion.bytes, id };
        }
        case 'restore': {
          const { path } = await channel.call(restore, { id: Buffer.from(order.id, 'hex'), to: undefined });
          return { ...told.result(), path };
        }
        case 'remove':
          return told.result(await channel.call(removeTree, { path: order.path }, wait));
        case 'unpack':
          return told.result(await channel.call(unpack, { archive: order.path, to: order.to }, wait));
        case 'copy':
        case 'move': {
          const { verb, from, to, existing } = order;
          const request = { from, to, existing: Existing[existing], expected: undefined };
          return told.result(await channel.call(verb === 'copy' ? copy : move, request, wait));
        }
        case 'find': {
          const request = { ...order.query, path: order.path, most: limits.findHits };
          const onPart = (part: TreeProgress & { rows: readonly Hit[] }): void => {
            told.hear(part);
            if (part.rows.length > 0) opts.onPage?.(told.fresh(part.rows));
          };
          const done = await channel.call(find, request, { ...wait, onPart });
          return { ...told.result(done), more: done.more };
        }
      }
    },
  };
}

type Hit = { readonly folder: readonly Name[]; readonly entry: Entry };

class Told {
  readonly #opts: WorkWait;
  readonly #names = new Set<string>();
  #last = { files: 0, bytes: 0 };
  #first: WireError | undefined;

  constructor(opts: WorkWait) {
    this.#opts = opts;
  }

  readonly hear = ({ files, bytes, failures }: TreeProgress): void => {
    this.#last = { files, bytes };
    const [failure] = failures;
    if (failure !== undefined) this.#first ??= [failure.code, failure.message, 0];
    this.#opts.onProgress?.(this.#last);
  };

  /** A file with several hits in its content is one entry. */
  fresh(rows: readonly Hit[]): readonly Entry[] {
    return rows.flatMap(({ folder, entry }) => {
      // Names have no slash: what is joined can be taken apart again.
      const name = [...folder, entry.name].join('/') as Name;
      if (this.#names.has(name)) return [];
      this.#names.add(name);
      return [{ ...entry, name }];
    });
  }

  result(done?: TreeDone): WorkResult {
    const { files, bytes } = done ?? this.#last;
    return { files, bytes, failed: done?.failed ?? 0, firstFailure: this.#first };
  }
}
