/**
 * How a server is, as it tells another one: bytes and back. Of what it counts by verb only the sums are told, which is what its owner's
 * screen shows. What comes is checked like anything from the network. Pure; main thread.
 */

import { show } from '@ferry/protocol';
import {
  array,
  bytes,
  decodeBody,
  encodeBody,
  flag,
  integer,
  optional,
  pack,
  type Shape,
  text,
  tuple,
  unpack,
} from '@ferry/protocol/wire';
import type { ConnectionStatus, ServerStatus } from './status.ts';

/** More connections are not told of. */
const mostConnections = 32_768;
/** More threads, files on their way and addresses are not told of. */
const mostOfEach = 4096;
/** Items that are packed together, and their bytes. */
const pieceItems = 500;
const pieceBytes = 4 * 1024 * 1024;

/** What accounts hold each server counts of the same files, and the bus each sees for itself. */
export type ToldStatus = Omit<ServerStatus, 'bus' | 'id' | 'held'>;

type Moving = ServerStatus['moving'][number];
type MovingFields = Omit<Moving, 'files' | 'size'> & {
  readonly files: number | undefined;
  readonly size: number | undefined;
};
type Fields = Omit<ToldStatus, 'tallies' | 'figures' | 'moving'> &
  Omit<ServerStatus['tallies'], 'logins' | 'refusals'> & {
    readonly moving: readonly MovingFields[];
    readonly figures: Omit<ServerStatus['figures'], 'verbs'>;
    readonly logins: readonly Count[];
    readonly refusals: readonly Count[];
  };
type Count = { readonly name: string; readonly count: number };

/** A whole number that may have been measured as a fraction. */
const amount: Shape<number> = {
  put: (value) => Math.max(0, Math.round(value)),
  get: integer().get,
};

/** What is longer is cut. */
function words(maxBytes: number): Shape<string> {
  return {
    put: (value) => {
      const bytes = Buffer.from(value);
      return bytes.length <= maxBytes ? value : bytes.subarray(0, maxBytes - 3).toString('utf8');
    },
    get: text(maxBytes).get,
  };
}

/** The first so many. */
function first<T>(count: number, shape: Shape<T>): Shape<readonly T[]> {
  const all = array(shape, count);
  return { put: (values) => all.put(values.slice(0, count)), get: all.get };
}

/** The same, of many: one message may not have so many items, so each piece is packed by itself. */
function inPieces<T>(count: number, shape: Shape<T>): Shape<readonly T[]> {
  const piece = array(shape, pieceItems);
  const pieces = array(bytes(0, pieceBytes), Math.ceil(count / pieceItems));
  return {
    put: (values) => {
      const all: Uint8Array[] = [];
      for (let from = 0; from < Math.min(count, values.length); from += pieceItems) {
        all.push(pack(piece.put(values.slice(from, Math.min(count, from + pieceItems)))));
      }
      return pieces.put(all);
    },
    get: (value, field) =>
      pieces.get(value, field).flatMap((one) => piece.get(unpack(Buffer.from(one)), field)),
  };
}

function oneOfNames<const Name extends string>(...names: readonly Name[]): Shape<Name> {
  const index = integer(0, names.length - 1);
  return {
    put: (value) => names.indexOf(value),
    get: (value, field) => names[index.get(value, field)] as Name,
  };
}

const id = text(64);
const source = words(256);
const user = words(256);
const long = words(4096);
const connection = tuple<Omit<ConnectionStatus, 'server'>>({
  id: amount,
  source,
  sinceMs: amount,
  user: optional(user),
  kind: oneOfNames('stranger', 'session', 'lane'),
  sessionId: optional(id),
  received: amount,
  sent: amount,
});
const moving = tuple<MovingFields>({
  sessionId: id,
  verb: oneOfNames(
    'download',
    'upload',
    ...(['archive', 'copy', 'move', 'remove', 'trash', 'unpack', 'sum', 'usage', 'find'] as const),
  ),
  path: { put: long.put, get: (value, field) => show(long.get(value, field)) },
  files: optional(amount),
  size: optional(amount),
  done: amount,
  ms: amount,
  quietMs: amount,
});
const counts = first(256, tuple<Count>({ name: words(64), count: amount }));

const shape = tuple<Fields>({
  pid: amount,
  folder: long,
  address: words(512),
  sinceMs: amount,
  workers: amount,
  wantedWorkers: amount,
  threads: first(
    mostOfEach,
    tuple({ index: amount, connections: amount, activeMs: amount, workedMs: amount }),
  ),
  restarts: amount,
  isDraining: flag,
  turnedAway: amount,
  moving: inPieces(mostOfEach, moving),
  waiting: amount,
  connections: inPieces(mostConnections, connection),
  slowed: first(mostOfEach, tuple({ sessionId: id, down: optional(amount), up: optional(amount) })),
  barred: first(mostOfEach, tuple({ source, ms: amount })),
  gate: tuple({
    mostConnections: amount,
    mostStrangers: amount,
    passwordsWaiting: amount,
    guessed: first(mostOfEach, tuple({ user, ms: optional(amount) })),
    shunned: first(mostOfEach, tuple({ user, ms: amount })),
  }),
  figures: tuple({ received: amount, sent: amount, waits: amount, waitedMs: amount }),
  disk: optional(tuple({ free: amount, total: amount })),
  audit: optional(tuple({ lines: amount, lost: amount, waitingBytes: amount, isBroken: flag })),
  logins: counts,
  refusals: counts,
  filesSent: amount,
  filesReceived: amount,
  troubles: amount,
});

/** Not compressed. */
export function encodeStatus({ tallies, moving: files, ...status }: ToldStatus): Buffer {
  return encodeBody(shape, {
    ...status,
    ...tallies,
    moving: files.map(({ files: count, size, ...file }) => ({ ...file, files: count, size })),
    logins: countsOf(tallies.logins),
    refusals: countsOf(tallies.refusals),
  });
}

/** @throws {FerryError} MALFORMED */
export function decodeStatus(body: Uint8Array): ToldStatus {
  const { logins, refusals, filesSent, filesReceived, troubles, figures, ...status } = decodeBody(
    shape,
    Buffer.from(body),
  );
  return {
    ...status,
    moving: status.moving.map(({ files, size, ...file }) => ({
      ...file,
      ...(files === undefined ? {} : { files }),
      ...(size === undefined ? {} : { size }),
    })),
    figures: { ...figures, verbs: [] },
    tallies: { logins: recordOf(logins), refusals: recordOf(refusals), filesSent, filesReceived, troubles },
  };
}

function countsOf(record: Readonly<Record<string, number>>): readonly Count[] {
  return Object.entries(record).map(([name, count]) => ({ name, count }));
}

function recordOf(all: readonly Count[]): Readonly<Record<string, number>> {
  return Object.fromEntries(all.map(({ name, count }) => [name, count]));
}
