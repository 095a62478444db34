/** One's trash on the server, over whatever session there is. I/O thread. */

import { type Deletion, emptyTrash, listTrash } from '@ferry/protocol/messages';
import { mostTrashRows, type ServerTrash, type TrashRow } from '../engine/server-trash.ts';
import type { Connection } from './connection.ts';

export function remoteTrash(connection: Connection): ServerTrash {
  return {
    list: async (opts = {}) => {
      const { channel } = await connection.session(opts.signal);
      const rows: TrashRow[] = [];
      const onPart = ({ rows: more }: { readonly rows: readonly Deletion[] }): void => {
        rows.push(...more.slice(0, mostTrashRows - rows.length).map(rowOf));
      };
      await channel.call(listTrash, {}, { ...opts, onPart });
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
