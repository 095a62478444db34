/**
 * Connections and lanes to all servers that jobs talk to: opened when the first job needs one, closed after the last. I/O
 * thread.
 */

import type { BlockPool } from '@ferry/protocol/content';
import { Connection, type ConnectionOpts } from '../client/connection.ts';
import { deviceKey } from '../client/device-key.ts';
import { firstLanes } from '../client/lane-count.ts';
import { Lanes } from '../client/lanes.ts';
import { type RemoteOwners, remoteOwners } from '../client/remote-owners.ts';
import { remoteSource } from '../client/remote-source.ts';
import { type QueueServer, serverKey } from '../queue/stored-job.ts';
import type { ConnectionStatus } from './engine.ts';
import type { FileSource } from './source.ts';

export type ServersOpts = {
  readonly deviceKeyFile: string;
  /** As SessionSpec has it. */
  readonly knownServersFile: string | undefined;
  /** Name and version of the program, for the server's log. */
  readonly client: string;
  readonly attempts: ConnectionOpts['attempts'];
  readonly pool: BlockPool;
};

/** The way to one server. */
export type Line = {
  readonly key: string;
  readonly connection: Connection;
  readonly remote: FileSource;
  readonly owners: RemoteOwners;
  readonly lanes: Lanes;
};

type Held = {
  readonly line: Line;
  users: number;
  /** Who hears how the connection is: the panes that show the server. */
  readonly listeners: Set<(status: ConnectionStatus) => void>;
};

export class Servers {
  readonly #opts: ServersOpts;
  readonly #lines = new Map<string, Held>();

  /** @throws {FerryError} CONFIG when this device's key cannot be used */
  constructor(opts: ServersOpts) {
    this.#opts = opts;
    // Better said now than with the first job.
    deviceKey(opts.deviceKeyFile);
  }

  /** Shared by all who open the same server; each gives it back with `release`. */
  open(
    server: QueueServer,
    first: {
      token?: Uint8Array | undefined;
      onStatus?: (status: ConnectionStatus) => void;
      onNotice?: (text: string) => void;
      /** Something is about to move: lanes are dialled beside the login. */
      isInHurry?: boolean | undefined;
    } = {},
  ): Line {
    const key = serverKey(server);
    const there = this.#lines.get(key);
    // One that has given up is of no use to a new job.
    if (there !== undefined && there.line.connection.status.phase !== 'closed') {
      there.users += 1;
      if (first.onStatus !== undefined) {
        there.listeners.add(first.onStatus);
        first.onStatus(there.line.connection.status);
      }
      return there.line;
    }
    const listeners = new Set(first.onStatus === undefined ? [] : [first.onStatus]);
    const { client, attempts, pool, knownServersFile, deviceKeyFile } = this.#opts;
    const device = deviceKey(deviceKeyFile, server.user);
    const connection = new Connection({
      spec: { ...server, device, token: first.token, client, pool, knownServersFile },
      attempts,
      onStatus: (status) => {
        for (const listener of listeners) listener(status);
      },
      onNotice: first.onNotice ?? (() => {}),
      ...(first.isInHurry === true ? { lanesAhead: (rttMs: number) => firstLanes(rttMs).lanes } : {}),
    });
    const line = {
      key,
      connection,
      remote: remoteSource(connection),
      owners: remoteOwners(connection),
      lanes: new Lanes(connection),
    };
    this.#lines.set(key, { line, users: 1, listeners });
    return line;
  }

  release(line: Line): void {
    const there = this.#lines.get(line.key);
    if (there?.line === line) {
      there.users -= 1;
      if (there.users > 0) return;
      this.#lines.delete(line.key);
      close(line);
    }
  }

  close(): void {
    for (const { line } of this.#lines.values()) close(line);
    this.#lines.clear();
  }
}

function close({ lanes, connection }: Line): void {
  lanes.close();
  connection.close();
}
