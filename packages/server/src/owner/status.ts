/** `ferryd status`: what this user's servers do at the moment, and those that they belong together with. Main thread. */

import { readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { limits, show } from '@ferry/protocol';
import { table } from '@ferry/protocol/terminal/table';
import prettyBytes from 'pretty-bytes';
import { type AccountFacts, Accounts } from '../access/accounts.ts';
import type { Places } from '../config.ts';
import { filesOnTheirWay } from '../moving-files.ts';
import type { BusStatus, ServerStatus } from '../supervisor/status.ts';
import type { FromServer } from '../supervisor/status-talk.ts';
import { type Visit, visitsOf } from '../visits.ts';
import { type WholeStatus, wholeOf } from '../whole-status.ts';

/** Between the two looks that rates are made of, milliseconds. */
const betweenMs = 500;
const answerMs = 3000;

/** What to print. */
export async function status(places: Places, json: boolean): Promise<string> {
  const before = await askAll(places.statusFolder);
  const beganMs = performance.now();
  if (before.length > 0) await pause(betweenMs);
  const after = await askAll(places.statusFolder);
  const seconds = (performance.now() - beganMs) / 1000;
  const accounts = after.length === 0 ? [] : readAccounts(places);
  const described = (now: WholeStatus): Described => {
    const earlier = before.find(({ id }) => id === now.id);
    const then = earlier === undefined || now.servers.length === 1 ? earlier : wholeOf(earlier);
    return {
      ...now,
      visits: visitsOf(now.connections, then?.connections ?? [], seconds),
      held: heldBy(accounts, now.held),
    };
  };
  if (json) {
    const rows = after.map(({ bus, ...own }) => {
      const { connections: _, servers: __, ...rest } = described(wholeOf({ ...own, bus: undefined }));
      return { ...rest, bus: bus === undefined ? undefined : withVisits(bus, before, seconds) };
    });
    return `${JSON.stringify(rows)}\n`;
  }
  if (after.length === 0) return 'no ferryd of this user is running\n';
  return onceEach(after)
    .map((server) => describe(described(wholeOf(server)), Date.now()))
    .join('\n');
}

/** Of servers that tell of each other the first alone. */
function onceEach(all: readonly ServerStatus[]): readonly ServerStatus[] {
  const told = new Set<string>();
  return all.filter(({ id, bus }) => {
    if (told.has(id)) return false;
    for (const other of bus?.others ?? []) if (other.status !== undefined) told.add(other.id);
    return true;
  });
}

/** The other servers for programs: people instead of connections, as of the server that was asked. */
function withVisits(bus: BusStatus, before: readonly ServerStatus[], seconds: number): object {
  const earlier = before.flatMap((one) => one.bus?.others ?? []);
  const others = bus.others.map(({ status: told, ...other }) => {
    if (told === undefined) return other;
    const { connections, ...rest } = told;
    const then = earlier.find(({ id, status: one }) => id === other.id && one !== undefined)?.status;
    return { ...other, status: { ...rest, visits: visitsOf(connections, then?.connections ?? [], seconds) } };
  });
  return { ...bus, others };
}

/** What an account holds, and may. */
export type Held = {
  readonly user: string;
  readonly bytes: number;
  readonly files: number;
  readonly quotaBytes: number | undefined;
  readonly quotaFiles: number | undefined;
};

function readAccounts(places: Places): readonly AccountFacts[] {
  const accounts = new Accounts(places.accessFile);
  try {
    return accounts.list();
  } finally {
    accounts.close();
  }
}

function heldBy(accounts: readonly AccountFacts[], held: ServerStatus['held']): readonly Held[] {
  return held.flatMap(({ account, bytes, files }) => {
    const facts = accounts.find(({ id }) => id === account);
    if (facts === undefined) return [];
    const { quotaBytes, quotaFiles } = facts.bounds;
    return [{ user: facts.user, bytes, files, quotaBytes, quotaFiles }];
  });
}

type Described = Omit<WholeStatus, 'held'> & {
  readonly visits: readonly Visit[];
  readonly held: readonly Held[];
};

/** What is on its way; nothing where nothing is. */
export function movingTable(moving: ServerStatus['moving'], visits: readonly Visit[]): string {
  const files = filesOnTheirWay(moving);
  if (files.length === 0) return '';
  const users = new Map(visits.map(({ sessionId, user }) => [sessionId, user]));
  return table(
    ['WHO', 'WHAT', 'SO FAR', 'FOR', 'PATH'],
    files.map(({ sessionId, verb, done, size, ms, files: count, path }) => [
      show(users.get(sessionId) ?? ''),
      verb,
      size === undefined || size === 0
        ? prettyBytes(done)
        : `${Math.floor((done / size) * 100)} % of ${prettyBytes(size)}`,
      duration(ms),
      count === undefined ? path : `${count} files of ${path}`,
    ]),
    '',
  );
}

function describe(server: Described, nowMs: number): string {
  const { pid, folder, address, sinceMs, workers, connections, visits, held, barred, waiting, servers } =
    server;
  const isOfMany = servers.length > 1;
  const strangers = connections.filter(({ kind }) => kind === 'stranger').length + waiting;
  const { mostConnections, mostStrangers } = server.gate;
  const head =
    `${show(folder)} at ${show(address)}, for ${duration(nowMs - sinceMs)} (process ${pid}, ${isOfMany ? `one of ${servers.length} servers with ` : ''}${workers} threads)\n` +
    `${connections.length + waiting - strangers} of ${mostConnections} connections, ${strangers} of ${mostStrangers} not logged in yet\n`;
  const people = table(
    ['WHO', 'FROM', ...(isOfMany ? ['AT'] : []), 'FOR', 'LANES', 'DOWN', 'UP'],
    visits.map((one) => [
      show(one.user),
      show(one.source),
      ...(isOfMany ? [show(one.server ?? '')] : []),
      duration(nowMs - one.sinceMs),
      `${one.lanes}`,
      moved(one.downRate, one.sent),
      moved(one.upRate, one.received),
    ]),
    'nobody is connected',
  );
  const outside = barred
    .map(({ source, ms }) => `${show(source)} is kept out for ${duration(ms)}\n`)
    .join('');
  const quotas = held
    .map(({ user, bytes, files, quotaBytes, quotaFiles }) => {
      const room = quotaBytes === undefined ? '' : ` of ${size(quotaBytes)}`;
      const places = quotaFiles === undefined ? '' : ` of ${quotaFiles}`;
      return `${show(user)} holds ${size(bytes)}${room}, entries: ${files}${places}\n`;
    })
    .join('');
  return (
    head +
    people +
    movingTable(server.moving, visits) +
    quotas +
    outside +
    slowedLines(server.slowed, visits) +
    gateLines(server) +
    describeBus(server.bus, nowMs)
  );
}

function slowedLines(slowed: ServerStatus['slowed'], visits: readonly Visit[]): string {
  return slowed
    .map(({ sessionId, down, up }) => {
      const { user = 'a session', source = '' } = visits.find((visit) => visit.sessionId === sessionId) ?? {};
      const rates = [
        ...(down === undefined ? [] : [`${size(down)}/s down`]),
        ...(up === undefined ? [] : [`${size(up)}/s up`]),
      ];
      return `${show(user)} ${show(source)} is slowed to ${rates.join(', ')}\n`;
    })
    .join('');
}

/** Who is made to wait, and who was refused; nothing where nobody was. Pure. */
export function gateLines({
  gate,
  tallies,
  turnedAway,
  figures,
}: Pick<ServerStatus, 'gate' | 'tallies' | 'turnedAway' | 'figures'>): string {
  const refused = Object.entries(tallies.refusals).toSorted(([, a], [, b]) => b - a);
  const all = refused.reduce((sum, [, count]) => sum + count, 0);
  const { waits, waitedMs } = figures;
  return [
    ...gate.shunned.map(
      ({ user, ms }) => `${show(user)} is kept out for ${duration(ms)}: a thread broke over what they sent`,
    ),
    ...gate.guessed.map(({ user, ms }) =>
      ms === undefined
        ? `passwords of ${show(user)} are not looked at: 100 were wrong; a known device of theirs ends that`
        : `passwords of ${show(user)} are not looked at for ${duration(ms)}: too many were wrong`,
    ),
    ...(gate.passwordsWaiting === 0
      ? []
      : [`${gate.passwordsWaiting} of ${limits.passwordsWaiting} passwords wait to be checked`]),
    ...(all === 0
      ? []
      : [
          `refused since the start: ${all} (${refused.map(([code, count]) => `${code} ${count}`).join(', ')})`,
        ]),
    ...(turnedAway === 0 ? [] : [`turned away without a word since the start: ${turnedAway}`]),
    ...(waits === 0 ? [] : [`rates made somebody wait ${waits} times, ${duration(waitedMs)} in all`]),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** The other servers; nothing for one that is alone. */
function describeBus(bus: ServerStatus['bus'], nowMs: number): string {
  if (bus === undefined) return '';
  const where = `the bus "${show(bus.name)}" at ${show(bus.nodes.join(', '))}`;
  if (!bus.isWhole) return `\n${where} is not reached: this server knows nothing of the others now\n`;
  if (bus.others.length === 0) return `\n${where}: no other server is there\n`;
  const others = bus.others.toSorted((a, b) => (a.address < b.address ? -1 : 1));
  const count = others.length === 1 ? 'another server' : `${others.length} other servers`;
  return `\ntogether with ${count}, over ${where}:\n${table(
    ['SERVER', 'SHARING', 'FOR', 'PEOPLE', 'LANES', ''],
    others.map((one) => [
      show(one.address),
      show(one.folder),
      duration(nowMs - one.sinceMs),
      `${one.sessions}`,
      `${one.lanes}`,
      one.isDraining ? 'going down' : one.status === undefined ? 'does not answer' : '',
    ]),
    '',
  )}`;
}

function size(bytes: number): string {
  return prettyBytes(bytes, { binary: true });
}

function moved(rate: number, bytes: number): string {
  return `${prettyBytes(rate)}/s (${prettyBytes(bytes)})`;
}

function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  return s < 86_400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86_400)} d`;
}

/** Every server that answers; what a dead one left is cleared away. */
async function askAll(folder: string): Promise<readonly ServerStatus[]> {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.sock'));
  } catch {
    return [];
  }
  const answers = await Promise.all(names.map((name) => ask(join(folder, name))));
  return answers.filter((answer) => answer !== undefined);
}

function ask(path: string): Promise<ServerStatus | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write('{"say":"status"}\n'));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.on('data', (piece: string) => {
      text += piece;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') rmSync(path, { force: true });
    });
    socket.on('close', () => {
      try {
        // Ours: the folder lets in nobody else.
        const said = text === '' ? undefined : (JSON.parse(text) as FromServer);
        resolve(said?.say === 'status' ? said.status : undefined);
      } catch {
        resolve(undefined);
      }
    });
  });
}
