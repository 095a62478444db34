/** What a server tells the others of itself with each beat, for their owners. Pure; main thread. */

import { decodeBody, encodeBody, flag, integer, text, tuple } from '@ferry/protocol/wire';

export type ServerAbout = {
  /** Where it says that it can be reached: foreign text, as the others are. */
  readonly address: string;
  /** What it shares. */
  readonly folder: string;
  /** Of its key, which is the same for all servers that belong together: else clients would not go from one to another. */
  readonly fingerprint: string;
  /** Milliseconds since 1970, by its clock. */
  readonly sinceMs: number;
  readonly sessions: number;
  readonly lanes: number;
  readonly isDraining: boolean;
};

const shape = tuple<ServerAbout>({
  address: text(300),
  folder: text(1024),
  fingerprint: text(128),
  sinceMs: integer(),
  sessions: integer(),
  lanes: integer(),
  isDraining: flag,
});

const longestFolder = 1024;

export function encodeAbout(about: ServerAbout): Buffer {
  const folder = Buffer.from(about.folder)
    .subarray(0, longestFolder - 3)
    .toString('utf8');
  return encodeBody(shape, { ...about, folder });
}

/** @throws {FerryError} MALFORMED */
export function decodeAbout(body: Uint8Array): ServerAbout {
  return decodeBody(shape, Buffer.from(body));
}
