/**
 * `ferryd [DIR]`: from checked configuration to a running server and to its end. What can fail without a trace is done
 * first: nothing is written before the ports are ours. Main thread.
 */

import { randomBytes } from 'node:crypto';
import { accessSync, constants, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { networkInterfaces, userInfo } from 'node:os';
import {
  Code,
  FerryError,
  limits,
  type Shown,
  show,
  toWireError,
  trusted,
  type WireError,
} from '@ferry/protocol';
import { replacePrivateFile } from '@ferry/protocol/disk/private-file';
import { tokenBytes } from '@ferry/protocol/messages';
import { formatInvite, hostPort, makeTicketKeys } from '@ferry/protocol/session';
import { AccessStore, hashOf } from './access/access-store.ts';
import { newAccountMemory } from './access/account-memory.ts';
import { readIdentity, readOrMakeIdentity } from './access/identity.ts';
import { LaneTickets } from './access/lane-tickets.ts';
import type { AccessChanges } from './access/operations.ts';
import { newTicketMemory, TicketLedger } from './access/ticket-ledger.ts';
import type { AuditFile } from './audit/audit-file.ts';
import { ownerLine, refusalLine, serverLine } from './audit/audit-line.ts';
import { openAudit } from './audit/open-audit.ts';
import { BusHub } from './bus/hub.ts';
import type { Servers, ServersOpts } from './bus/servers.ts';
import { prepareChatFile } from './chat/chat-file.ts';
import { chatFileOf, contentsFileOf, type Places, type ServeConfig } from './config.ts';
import { ExitCode } from './exit-code.ts';
import { type Log, note, openStderrLog, throttled, wordsOf } from './log.ts';
import { figuresIn, newMeterMemory } from './metrics/meters.ts';
import { spaceOn } from './metrics/space-on.ts';
import { Tally } from './metrics/tally.ts';
import { openAccess } from './open-access.ts';
import { RecentLines } from './recent-lines.ts';
import { runScreen } from './screen-process.ts';
import { isObjectStorage } from './storage/address.ts';
import { orderAccount } from './supervisor/account-orders.ts';
import { OtherStatuses, StatusTeller, statusVerb, withOthers } from './supervisor/far-status.ts';
import { type Listener, listenOnAll } from './supervisor/listen.ts';
import { isOfAccount, orderWords } from './supervisor/order.ts';
import { checkOfShared } from './supervisor/shared-subjects.ts';
import type { BusStatus, ServerStatus } from './supervisor/status.ts';
import { openStatusSocket } from './supervisor/status-socket.ts';
import { Supervisor } from './supervisor/supervisor.ts';
import { wholeOf } from './whole-status.ts';

/** An invite that nobody used is worthless after this long, milliseconds. */
export const inviteMs = 72 * 3_600_000;

/** Resolves once connections are taken; the process then lives until a signal ends it. @throws {FerryError} CONFIG */
export async function serve(config: ServeConfig, places: Places): Promise<void> {
  if (isObjectStorage(config.folder)) {
    const { checkStore } = await import('./storage/open-shared.ts');
    await checkStore(config.folder);
  } else checkFolder(config.folder);
  readIdentity(places.identityFile);
  let open: Supervisor | undefined;
  /** Nobody can be served before the workers are there; who hurried waits. */
  const early: Socket[] = [];
  const listeners = await listenOnAll(config.listen, (socket) => {
    if (open !== undefined) open.accept(socket);
    else if (early.length < limits.strangers) early.push(socket);
    else socket.destroy();
  });
  let statusNow: (() => Promise<ServerStatus>) | undefined;
  let metrics: Listener | undefined;
  if (config.metrics !== undefined) {
    // Loading Node's HTTP takes a fifth of the time that a start takes.
    const { openMetrics } = await import('./metrics/metrics-server.ts');
    metrics = await openMetrics(config.metrics, () => statusNow?.());
  }
  let hasScreen = false;
  const tally = new Tally();
  const recent = new RecentLines();
  const meterMemory = newMeterMemory(config.threads);
  const stderrLog = openStderrLog(config.jsonLog);
  let stop = (): void => process.exit(ExitCode.failed);
  let audit: AuditFile | undefined;
  const shown = throttled((event) => {
    recent.add({ ms: Date.now(), text: wordsOf(event) });
    // What would be written over the screen stands in it.
    if (!hasScreen) stderrLog(event);
  }, Date.now);
  const log: Log = (event) => {
    tally.count(event);
    if (event.what === 'refused') audit?.add([refusalLine(event, Date.now())]);
    shown(event);
  };
  if (config.audit !== undefined) audit = openAudit(config.audit, config.folder, log, () => stop());
  const identity = readOrMakeIdentity(places.identityFile, Date.now());
  const store = new AccessStore(places.accessFile);
  const serverId = randomBytes(8).toString('hex');
  const hub = new BusHub(`${serverId}.`);
  const sinceMs = Date.now();
  const about = {
    id: serverId,
    pid: process.pid,
    folder: config.folder,
    address: hostPort(reachableAt(listeners)),
    sinceMs,
  };
  const [ticketMaster, ticketMemory] = [randomBytes(32), newTicketMemory()];
  const tickets = new LaneTickets(serverId, makeTicketKeys(ticketMaster), new TicketLedger(ticketMemory));
  const teller = new StatusTeller(async () => {
    if (statusNow !== undefined) return await statusNow();
    throw new FerryError(Code.BUSY, 'this server has only begun');
  });
  const servers = await serversFor(config, {
    id: serverId,
    hub,
    checkOf: checkOfShared,
    about: () => {
      const { folder, address } = about;
      const counts = open?.counts ?? { sessions: 0, lanes: 0, isDraining: false };
      return { folder, address, sinceMs, fingerprint: identity.fingerprint, ...counts };
    },
    answers: (verb) =>
      verb === statusVerb ? (body, from) => teller.answer(body, from) : open?.answers(tickets).get(verb),
    log,
  });
  const access = await openAccess({
    bus: config.bus,
    accessFile: places.accessFile,
    chatFile: chatFor(config, places, log),
    log,
    onSaid: (ring) => open?.said(ring),
  });
  const supervisor = new Supervisor({
    changes: access.changes,
    changeShared: access.changeShared,
    threads: config.threads,
    hub,
    servers,
    setup: {
      folder: config.folder,
      openTo: config.openTo,
      keepsOwners: config.keepsOwners,
      // In object storage an old version would have to be copied before each new one.
      keepsOld: config.keepsOld && !isObjectStorage(config.folder),
      accessFile: places.accessFile,
      freshness: access.freshness,
      contentsFile: contentsFileOf(places, config.folder),
      chatFile: access.chatFile,
      key: identity.key,
      cert: identity.cert,
      server: serverId,
      ticketMaster,
      ticketMemory,
      accountMemory: newAccountMemory(config.threads),
      meterMemory,
      audits: audit !== undefined,
      threads: config.threads,
    },
    polls: config.polls,
    behind: config.behind,
    log,
    onAudit: (lines) => audit?.add(lines),
    everyone: async () => wholeOf(await statusOfAll()).connections,
    onGiveUp: () => {
      note(log, 'the workers are broken: ferryd ends here');
      process.exit(ExitCode.failed);
    },
  });
  await supervisor.start();
  open = supervisor;
  for (const socket of early) supervisor.accept(socket);
  const end = endOnSignals(supervisor, listeners, log, audit, async () => {
    audit?.add([serverLine('stop', process.pid, show(config.folder), Date.now())]);
    await servers?.close();
    await access.close();
  });
  stop = () => end('without an audit log', ExitCode.failed);
  const running = supervisor;
  const status = async (): Promise<ServerStatus> => ({
    ...about,
    ...(await running.status()),
    figures: figuresIn(meterMemory),
    tallies: tally.tallies,
    disk: spaceOn(config.folder),
    bus: busStatus(config, servers),
    audit: audit === undefined ? undefined : { ...audit.figures, isBroken: audit.isBroken },
  });
  statusNow = status;
  const others = servers === undefined ? undefined : new OtherStatuses(servers);
  const statusOfAll = async (): Promise<ServerStatus> =>
    withOthers(...(await Promise.all([status(), others?.look()])));
  const fault = await openStatusSocket({
    folder: places.statusFolder,
    pid: process.pid,
    status: statusOfAll,
    recent,
    order: async (order) => {
      const whose = isOfAccount(order)
        ? await orderAccount(access.changes, order)
        : await running.order(order);
      audit?.add([ownerLine(order, whose, Date.now())]);
      note(log, orderWords(order, whose));
    },
  });
  if (fault !== undefined) note(log, `ferryd status will not see this server: ${fault}`);

  const printed: Shown[] = [];
  const print = (line: string): void => {
    process.stdout.write(`${line}\n`);
    printed.push(show(line));
  };
  for (const { host, port } of listeners) print(`listening on ${hostPort({ host, port })}`);
  if (metrics !== undefined) print(`metrics at http://${hostPort(metrics)}/metrics`);
  print(`sharing ${show(config.folder)}`);
  print(`fingerprint ${identity.fingerprint}`);
  const where = reachableAt(listeners);
  replacePrivateFile(places.addressFile, `${hostPort(where)}\n`);
  if (config.openTo !== 'nobody') {
    const rights = config.openTo === 'readers' ? 'look and download' : 'read and change everything';
    print(`open: everybody who reaches it may ${rights}, with: ferry ferry://${hostPort(where)}`);
  } else if (store.hasNoDevices()) {
    const token = await ownersInvite(access.changes);
    print('nobody has access yet; to be the first, paste this within 72 hours:');
    print(`  ferry ${formatInvite(where, identity.fingerprint, token)}`);
  } else {
    print('to let somebody in: ferryd invite');
  }
  store.close();
  if (!config.watch || fault !== undefined || !process.stdin.isTTY || !process.stdout.isTTY) return;
  for (const text of printed) recent.add({ ms: Date.now(), text });
  hasScreen = process.stderr.isTTY;
  void runScreen(process.pid).then((how) => {
    hasScreen = false;
    if (how === 'end-server') end('Ctrl+C', ExitCode.done);
    else
      note(log, how === 'left' ? 'the screen is closed, the log goes on here' : 'the screen has broken down');
  });
}

/** The packages for NATS are loaded only where they are used. @throws {FerryError} CONFIG */
async function serversFor(
  { bus }: ServeConfig,
  opts: Omit<ServersOpts, 'config'>,
): Promise<Servers | undefined> {
  if (bus === undefined) return undefined;
  const { joinServers } = await import('./bus/servers.ts');
  return await joinServers({ ...opts, config: bus });
}

function busStatus({ bus }: ServeConfig, servers: Servers | undefined): BusStatus | undefined {
  if (bus === undefined || servers === undefined) return undefined;
  return { name: bus.name, nodes: bus.nodes, isWhole: servers.isWhole, others: servers.others };
}

/** The file that the chat is kept in, or why there is none; whatever is wrong with it, files are served. */
function chatFor(config: ServeConfig, places: Places, log: Log): string | WireError {
  if (!config.chat) {
    return toWireError(new FerryError(Code.FORBIDDEN, 'the owner of this server has switched the chat off'));
  }
  const file = chatFileOf(places, config.folder);
  try {
    const aside = prepareChatFile(file);
    if (aside !== undefined) {
      note(
        log,
        `what was said in the chat was damaged: it begins anew, and the old file is kept as ${show(aside)}`,
      );
    }
    return file;
  } catch (error) {
    if (!(error instanceof FerryError)) throw error;
    note(log, `there is no chat: ${show(error.message)}`);
    return toWireError(new FerryError(Code.IO_ERROR, 'the chat of this server cannot be used now'));
  }
}

/** @throws {FerryError} CONFIG */
function checkFolder(folder: string): void {
  const shown = show(folder);
  try {
    if (!statSync(folder).isDirectory()) throw new FerryError(Code.CONFIG, `${shown} is not a folder`);
    accessSync(folder, constants.R_OK | constants.X_OK);
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    const errno = (cause as NodeJS.ErrnoException).code;
    if (errno === 'ENOENT') throw new FerryError(Code.CONFIG, `there is no folder ${shown}`, { cause });
    if (errno === 'ENOTDIR') throw new FerryError(Code.CONFIG, `${shown} is not a folder`, { cause });
    throw new FerryError(Code.CONFIG, `the folder ${shown} cannot be read by this user`, { cause });
  }
}

/** The first address as others can dial it: for one that means "all", this machine's first one to the outside. */
function reachableAt(listeners: readonly Listener[]): { host: string; port: number } {
  const [first] = listeners;
  if (first === undefined) throw new Error('nothing is listening');
  const { host, port } = first;
  if (host !== '0.0.0.0' && host !== '::') return { host, port };
  const outside = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');
  return { host: outside?.address ?? 'localhost', port };
}

/** For the account of whoever started the server, made if there is none. */
async function ownersInvite(changes: AccessChanges): Promise<Uint8Array> {
  const token = randomBytes(tokenBytes);
  const nowMs = Date.now();
  const order = { user: ownName(), tokenHash: hashOf(token), expiresMs: nowMs + inviteMs, nowMs };
  await changes.make('ownersInvite', order);
  return token;
}

/** The account name of whoever started the server. */
function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number only.
    return 'owner';
  }
}

/**
 * First signal: finish what moves. Second: end at once.
 * @param onEnd when all is finished
 * @returns the same as a first signal; does nothing while it is going down already
 */
function endOnSignals(
  supervisor: Supervisor,
  listeners: readonly Listener[],
  log: Log,
  audit: AuditFile | undefined,
  onEnd: () => Promise<void>,
): (why: string, code: ExitCode) => void {
  let isEnding = false;
  const end = (why: string, code: ExitCode): void => {
    if (isEnding) return;
    isEnding = true;
    note(log, `${why}: going down, what is moving has ${limits.drainMs / 1000} s to finish`);
    for (const listener of listeners) listener.close();
    setTimeout(() => {
      note(log, 'not everything has finished in time');
      supervisor.exit(code);
    }, limits.drainMs);
    void supervisor.drain().then(async () => {
      note(log, 'all is finished');
      await onEnd();
      await audit?.close();
      process.exit(code);
    });
  };
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isEnding) supervisor.exit(signal === 'SIGINT' ? 130 : 143);
    end(signal, ExitCode.done);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // A server outlives the terminal that it was started in; who rotates logs says so with the same signal.
  process.on('SIGHUP', () => audit?.reopen());
  process.on('exit', () => audit?.closeNow());
  const crash = process.env['FERRY_TEST_CRASH'];
  if (crash !== undefined) {
    const how = crash === 'hang' || crash === 'heap' || crash === 'message' ? crash : 'throw';
    process.on('SIGUSR2', () => supervisor.crashOne(how));
  }
  process.on('uncaughtException', (error) => {
    log({
      what: 'server',
      text: trusted(`ferryd ends because of a bug: ${show(error.stack ?? String(error))}`),
    });
    process.exit(ExitCode.failed);
  });
  return end;
}
