/**
 * The server's files as a FileSource, over the control connection. I/O thread.
 */

import { Code, FerryError, limits, type Path } from '@ferry/protocol';
import {
  list,
  makeLink,
  mkdir,
  readLink,
  readRange,
  remove,
  rename,
  setFacts,
  space,
  stat,
} from '@ferry/protocol/messages';
import type { FileSource, Wait } from '../engine/source.ts';
import type { Connection } from './connection.ts';

export function remoteSource(connection: Connection): FileSource {
  const channel = async ({ signal }: Wait) => (await connection.session(signal)).channel;
  return {
    list: async (path, onPage, opts = {}) => {
      let pages = 0;
      let rows = 0;
      await (await channel(opts)).call(
        list,
        { path },
        {
          ...opts,
          onPart: ({ entries }) => {
            pages += 1;
            rows += entries.length;
            if (rows > limits.listEntries) {
              throw new FerryError(Code.LIMIT, `the server lists more than ${limits.listEntries} entries`);
            }
            onPage(entries);
          },
        },
      );
      if (pages === 0) onPage([]);
    },
    stat: async (path, opts = {}) => (await (await channel(opts)).call(stat, { path }, opts)).facts,
    mkdir: async (path, opts = {}) => {
      await (await channel(opts)).call(mkdir, { path }, opts);
    },
    rename: async (from: Path, to: Path, opts = {}) => {
      await (await channel(opts)).call(rename, { from, to }, opts);
    },
    remove: async (path, opts = {}) => {
      await (await channel(opts)).call(remove, { path }, opts);
    },
    setFacts: async (path, { modified, mode }, opts = {}) => {
      await (await channel(opts)).call(setFacts, { path, modified, mode }, opts);
    },
    readLink: async (path, opts = {}) => (await (await channel(opts)).call(readLink, { path }, opts)).target,
    makeLink: async (path, target, opts = {}) => {
      await (await channel(opts)).call(makeLink, { path, target }, opts);
    },
    readRange: async (path, { identity, offset, length }, opts = {}) =>
      (await channel(opts)).call(readRange, { path, identity, offset, length }, opts),
    space: async (path, opts = {}) => (await channel(opts)).call(space, { path }, opts),
  };
}
