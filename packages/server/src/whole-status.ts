/**
 * Several servers that belong together, looked at as one: who is connected to any of them, what moves on all. Pure; main threads of a server,
 * of `ferryd status` and of its screen.
 */

import type { ConnectionStatus, GateStatus, ServerStatus } from './supervisor/status.ts';
import type { ToldStatus } from './supervisor/status-wire.ts';

/** One of them. */
export type EachServer = {
  readonly id: string;
  /** Its address, without the port where all have the same: foreign text; no other one has the same name. */
  readonly name: string;
  readonly isDraining: boolean;
  readonly sessions: number;
  /** undefined: it does not answer. */
  readonly status: ToldStatus | undefined;
};

export type WholeStatus = ServerStatus & {
  /** Itself first, the others in the order of their names. One: nothing is added up. */
  readonly servers: readonly EachServer[];
};

/** All servers of a bus, added up; of a server alone what it says itself. */
export function wholeOf(status: ServerStatus): WholeStatus {
  const others = status.bus?.others ?? [];
  if (others.length === 0) return aloneOf(status);
  const names = new Set<string>();
  const ports = new Set([status, ...others].map(({ address }) => portOf(address)));
  const nameOf = (whole: string, id: string): string => {
    const address = ports.size === 1 ? whole.slice(0, whole.length - portOf(whole).length) : whole;
    const name = names.has(address) ? `${address} (${id.slice(0, 4)})` : address;
    names.add(name);
    return name;
  };
  const self = eachOf(status, nameOf(status.address, status.id));
  const servers = [
    self,
    ...others
      .toSorted((a, b) => (a.address < b.address || (a.address === b.address && a.id < b.id) ? -1 : 1))
      .map(({ id, address, isDraining, sessions, status: told }) => ({
        ...{ id, isDraining, sessions },
        name: nameOf(address, id),
        status: told,
      })),
  ];
  const told = servers.flatMap((server) => (server.status === undefined ? [] : [server.status]));
  const sum = (pick: (one: ToldStatus) => number): number => told.reduce((all, one) => all + pick(one), 0);
  const figure = (key: 'received' | 'sent' | 'waits' | 'waitedMs'): number =>
    sum(({ figures }) => figures[key]);
  return {
    ...status,
    servers,
    workers: sum(({ workers }) => workers),
    wantedWorkers: sum(({ wantedWorkers }) => wantedWorkers),
    restarts: sum(({ restarts }) => restarts),
    turnedAway: sum(({ turnedAway }) => turnedAway),
    waiting: sum(({ waiting }) => waiting),
    moving: told.flatMap(({ moving }) => moving),
    connections: servers.flatMap(({ name, status: one }) =>
      (one?.connections ?? []).map((connection): ConnectionStatus => ({ ...connection, server: name })),
    ),
    slowed: [...new Map(told.flatMap(({ slowed }) => slowed).map((one) => [one.sessionId, one])).values()],
    barred: longestOf(
      told.flatMap(({ barred }) => barred),
      ({ source }) => source,
    ),
    gate: gateOf(told.map(({ gate }) => gate)),
    figures: {
      ...status.figures,
      received: figure('received'),
      sent: figure('sent'),
      waits: figure('waits'),
      waitedMs: figure('waitedMs'),
    },
    tallies: {
      logins: added(told.map(({ tallies }) => tallies.logins)),
      refusals: added(told.map(({ tallies }) => tallies.refusals)),
      filesSent: sum(({ tallies }) => tallies.filesSent),
      filesReceived: sum(({ tallies }) => tallies.filesReceived),
      troubles: sum(({ tallies }) => tallies.troubles),
    },
    audit: told.find(({ audit }) => audit?.isBroken === true)?.audit ?? status.audit,
  };
}

/** One of them by itself; undefined: it does not answer, or has gone. */
export function oneOf(status: ServerStatus, id: string): WholeStatus | undefined {
  if (id === status.id) return aloneOf(status);
  const other = status.bus?.others.find((one) => one.id === id);
  if (other?.status === undefined) return undefined;
  return aloneOf({ ...other.status, id, bus: status.bus, held: [] });
}

/** `:7377`; nothing where there is none. */
function portOf(address: string): string {
  return /:\d+$/.exec(address)?.[0] ?? '';
}

function aloneOf(status: ServerStatus): WholeStatus {
  return { ...status, servers: [eachOf(status, status.address)] };
}

function eachOf(status: ServerStatus, name: string): EachServer {
  const { id, isDraining } = status;
  const sessions = status.connections.filter(({ kind }) => kind === 'session').length;
  return { id, name, isDraining, sessions, status };
}

function gateOf(all: readonly GateStatus[]): GateStatus {
  const sum = (pick: (one: GateStatus) => number): number => all.reduce((total, one) => total + pick(one), 0);
  return {
    mostConnections: sum(({ mostConnections }) => mostConnections),
    mostStrangers: sum(({ mostStrangers }) => mostStrangers),
    passwordsWaiting: sum(({ passwordsWaiting }) => passwordsWaiting),
    guessed: longestOf(
      all.flatMap(({ guessed }) => guessed),
      ({ user }) => user,
    ),
    shunned: longestOf(
      all.flatMap(({ shunned }) => shunned),
      ({ user }) => user,
    ),
  };
}

/** Of what several keep out by one key, who does so for longest; without an end is longer than any. */
function longestOf<One extends { readonly ms: number | undefined }>(
  all: readonly One[],
  keyOf: (one: One) => string,
): readonly One[] {
  const found = new Map<string, One>();
  for (const one of all) {
    const known = found.get(keyOf(one));
    if (known === undefined || (known.ms ?? Infinity) < (one.ms ?? Infinity)) found.set(keyOf(one), one);
  }
  return [...found.values()];
}

function added(all: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sums = new Map<string, number>();
  for (const [name, count] of all.flatMap((one) => Object.entries(one))) {
    sums.set(name, (sums.get(name) ?? 0) + count);
  }
  return Object.fromEntries(sums);
}
