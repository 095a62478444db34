/** One's trash on the server, over whatever session there is. I/O thread. */

import { type Deletion, emptyTrash, listTrash } from '@ferry/protocol/messages';
import { mostTrashRows, type ServerTrash, type TrashRow } from '../engine/server-trash.ts';
import type { Connection } from './connection.ts';

export function remoteTrash(connection: Connection): ServerTrash {
  return {
    list: async ({ most = mostTrashRows, signal } = {}) => {
      const { channel } = await connection.session(signal);
      const rows: TrashRow[] = [];
      const enough = new AbortController();
      const onPart = ({ rows: more }: { readonly rows: readonly Deletion[] }): void => {
        rows.push(...more.slice(0, most - rows.length).map(rowOf));
        if (rows.length >= most) enough.abort();
      };
      const both = signal === undefined ? enough.signal : AbortSignal.any([signal, enough.signal]);
      try {
        await channel.call(listTrash, {}, { signal: both, onPart });
      } catch (error) {
        if (!enough.signal.aborted) throw error;
      }
      return rows;
    },
    drop: async (id, opts = {}) => {
      const { channel } = await connection.session(opts.signal);
      await channel.call(emptyTrash, { ids: [Buffer.from(id, 'hex')] }, opts);
    },
  };
}

function rowOf({ id, ...row }: Deletion): TrashRow {
  return { ...row, id: Buffer.from(id).toString('hex') };
}
