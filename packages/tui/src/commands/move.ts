/**
 * `ferry get` and `ferry put`: jobs in, their end out as an exit code. Runs the engine inline.
 */

import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import {
  Code,
  type Entry,
  EntryKind,
  FerryError,
  fromWireError,
  joinPath,
  nameFromText,
  type Path,
  pathFromText,
  show,
} from '@ferry/protocol';
import { hostPort, isAddress, parseAddress, shareUserPrefix } from '@ferry/protocol/session';
import { EngineCore } from '../engine/engine-core.ts';
import { isOver, type Job, type JobOrder, type Priority } from '../engine/job.ts';
import type { FileSource } from '../engine/source.ts';
import { defaultPriority } from '../queue/stored-job.ts';
import type { ConflictPolicy } from '../transfer/conflict.ts';
import { type ConnectOptions, connectTo, rememberServer, sayRenewed } from './connect.ts';
import { enqueue } from './enqueue.ts';
import { ExitCode, exitCodeOf } from './exit-code.ts';
import { outageWords } from './outage-words.ts';
import type { Printer } from './printer.ts';
import { jsonPrinter } from './printer-json.ts';
import { textPrinter } from './printer-text.ts';
import { parsePriority } from './queue-words.ts';

export type MoveOptions = ConnectOptions & {
  readonly recursive?: boolean;
  readonly overwrite?: boolean;
  readonly skip?: boolean;
  readonly existing?: string;
  readonly allowEmpty?: boolean;
  readonly owners?: boolean;
  readonly strict?: boolean;
  readonly json?: boolean;
  /** Into the queue, for somebody else to move. */
  readonly detach?: boolean;
  readonly paused?: boolean;
  readonly priority?: string;
};

/** A server that went away in the middle is waited for this long before a command gives up, milliseconds. */
const laterMs = 60_000;
/** A command draws no screen that writers could hold up. */
export const writesBeside = 3;

/** `ferry get ADDRESS/PATH... [LOCAL]` */
export async function get(args: readonly string[], options: MoveOptions): Promise<ExitCode> {
  const sources = args.filter(isAddress);
  const locals = args.filter((arg) => !isAddress(arg));
  const [first] = sources;
  if (first === undefined)
    throw new FerryError(Code.USAGE, 'ferry get wants ADDRESS/PATH, for example ferry://host/file');
  if (locals.length > 1) throw new FerryError(Code.USAGE, 'ferry get wants one place to put files');
  const addresses = sources.map(parseAddress);
  if (new Set(addresses.map(hostPort)).size > 1)
    throw new FerryError(Code.USAGE, 'all files must be on one server');
  return withEngine(first, options, async (engine) => {
    const orders: JobOrder[] = [];
    const place = localPlace(locals[0] ?? '.', addresses.length);
    const add = (path: Path, { kind, name }: Pick<Entry, 'kind' | 'name'>): void => {
      orders.push({
        direction: 'download',
        source: path,
        kind,
        target: joinPath(place.folder, place.name ?? name),
        ...existingOf(options),
        ...(options.owners === true ? { owners: true } : {}),
        ...(options.strict === true ? { strict: true } : {}),
      });
    };
    for (const { path, user } of addresses) {
      const facts = await engine.remote.stat(path);
      if (path.length === 0) {
        if (user?.startsWith(shareUserPrefix) !== true)
          throw new FerryError(Code.USAGE, 'name a file or folder to get, not the whole share');
        // Whoever was given a line was given all that is behind it.
        const entries = await topEntries(engine.remote);
        if (entries.length !== 1 && place.name !== undefined)
          throw new FerryError(
            Code.NOT_FOLDER,
            `several files need a folder to go to, and ${show(locals[0] ?? '.')} is none`,
          );
        for (const entry of entries) add([entry.name], entry);
        continue;
      }
      checkRecursive(facts.kind, options, path);
      add(path, facts);
    }
    return orders;
  });
}

/** `ferry put LOCAL... ADDRESS/PATH` */
export async function put(args: readonly string[], options: MoveOptions): Promise<ExitCode> {
  const to = args.at(-1) ?? '';
  const locals = args.slice(0, -1);
  if (!isAddress(to) || locals.length === 0) {
    throw new FerryError(
      Code.USAGE,
      'ferry put wants LOCAL... ADDRESS/PATH, for example ferry put file ferry://host/folder/',
    );
  }
  const orders = locals.map((local) => {
    const { path, kind } = localSourceOf(local);
    return { path, kind };
  });
  return withEngine(to, options, async (engine) => {
    const { path } = parseAddress(to);
    const isFolder =
      path.length === 0 || to.endsWith('/') || (await kindOf(engine.remote, path)) === EntryKind.folder;
    if (!isFolder && orders.length > 1)
      throw new FerryError(Code.NOT_FOLDER, 'several files need a folder to go to');
    return orders.map(({ path: source, kind }): JobOrder => {
      checkRecursive(kind, options, source);
      const name = source.at(-1);
      if (name === undefined) throw new FerryError(Code.USAGE, 'the whole disk is not put anywhere');
      return {
        direction: 'upload',
        source,
        kind,
        target: isFolder ? joinPath(path, name) : path,
        ...existingOf(options),
        ...(options.owners === true ? { owners: true } : {}),
        ...(options.strict === true ? { strict: true } : {}),
      };
    });
  });
}

/** Without `ask`: nobody is there to answer. */
const policies: readonly ConflictPolicy[] = [
  'fail',
  'skip',
  'overwrite',
  'newer',
  'size-differs',
  'content-differs',
  'resume',
  'keep-both',
];

/** @throws {FerryError} USAGE */
export function existingOf({
  overwrite,
  skip,
  existing,
  allowEmpty,
}: MoveOptions): Pick<JobOrder, 'existing' | 'allowEmpty'> {
  const said = [overwrite === true ? 'overwrite' : [], skip === true ? 'skip' : [], existing ?? []].flat();
  if (said.length > 1)
    throw new FerryError(Code.USAGE, 'use one of --existing, --overwrite and --skip, not several');
  const policy = policies.find((one) => one === (said[0] ?? 'fail'));
  if (policy === undefined)
    throw new FerryError(Code.USAGE, `--existing wants one of ${policies.join(', ')}`);
  if (allowEmpty === true && policy !== 'overwrite')
    throw new FerryError(Code.USAGE, '--allow-empty goes with overwriting only');
  return { existing: policy, ...(allowEmpty === true ? { allowEmpty } : {}) };
}

function priorityOf({ detach, paused, priority }: MoveOptions): Priority {
  if (detach !== true && (paused === true || priority !== undefined))
    throw new FerryError(Code.USAGE, '--paused and --priority are for the queue: use them with --detach');
  return priority === undefined ? defaultPriority : parsePriority(priority);
}

/** @throws {FerryError} USAGE */
export function checkRecursive(kind: EntryKind, { recursive }: MoveOptions, path: Path): void {
  if (kind !== EntryKind.folder || recursive === true) return;
  throw new FerryError(
    Code.USAGE,
    `${show(path.join('/'))} is a folder: add -r to take it with all that is in it`,
  );
}

/** Files and folders alone; links and devices are not what anybody means to give away. */
async function topEntries(source: FileSource): Promise<readonly Entry[]> {
  const found: Entry[] = [];
  await source.list([], (page) => {
    for (const entry of page)
      if (entry.kind === EntryKind.file || entry.kind === EntryKind.folder) found.push(entry);
  });
  if (found.length === 0)
    throw new FerryError(Code.NOT_FOUND, 'there is nothing in it that could be downloaded');
  return found;
}

/** undefined where nothing is. */
export async function kindOf(source: FileSource, path: Path): Promise<EntryKind | undefined> {
  try {
    return (await source.stat(path)).kind;
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

/** An existing folder, or an existing folder and a new name in it. */
function localPlace(
  text: string,
  count: number,
): { folder: Path; name: ReturnType<typeof nameFromText> | undefined } {
  const place = resolve(text);
  const isFolder = lstatFollowed(place)?.isDirectory() === true;
  if (isFolder || text.endsWith('/')) {
    if (!isFolder) throw new FerryError(Code.NOT_FOUND, `there is no folder ${show(text)}`);
    return { folder: localPath(realpathSync(place)), name: undefined };
  }
  if (count > 1)
    throw new FerryError(Code.NOT_FOLDER, `several files need a folder to go to, and ${show(text)} is none`);
  const folder = dirname(place);
  if (lstatFollowed(folder)?.isDirectory() !== true) {
    throw new FerryError(Code.NOT_FOUND, `there is no folder ${show(folder)}`);
  }
  return { folder: localPath(realpathSync(folder)), name: nameFromText(basename(place)) };
}

function lstatFollowed(path: string): ReturnType<typeof lstatSync> | undefined {
  try {
    return lstatSync(realpathSync(path));
  } catch {
    return undefined;
  }
}

/** What to upload. A link that the user names is followed, once and now. */
function localSourceOf(text: string): { path: Path; kind: EntryKind } {
  try {
    const real = realpathSync(resolve(text));
    const stats = lstatSync(real);
    const kind = stats.isDirectory() ? EntryKind.folder : stats.isFile() ? EntryKind.file : EntryKind.other;
    if (kind === EntryKind.other)
      throw new FerryError(Code.NOT_REGULAR, `${show(text)} is neither a file nor a folder`);
    return { path: localPath(real), kind };
  } catch (cause) {
    if (cause instanceof FerryError) throw cause;
    throw new FerryError(Code.NOT_FOUND, `there is no file or folder ${show(text)}`, { cause });
  }
}

export function localPath(absolute: string): Path {
  return pathFromText(absolute);
}

/** Connects, queues what `plan` says, and sees to its end. @throws {FerryError} */
export async function withEngine(
  address: string,
  options: MoveOptions,
  plan: (engine: EngineCore) => Promise<readonly JobOrder[]>,
): Promise<ExitCode> {
  const priority = priorityOf(options);
  let interrupted = false;
  let open: EngineCore | undefined;
  const gaveUp = Promise.withResolvers<void>();
  const interrupt = (): void => {
    interrupted = true;
    // What is there stays: the same command goes on with it.
    void Promise.resolve(open?.close()).then(gaveUp.resolve);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const target = await Promise.race([connectTo(address, options), gaveUp.promise]);
  if (target === undefined) return ExitCode.interrupted;
  const engine = new EngineCore({
    ...target.engine,
    attempts: { first: 1, laterMs },
    writesBeside,
    isInHurry: true,
  });
  open = engine;
  const printer: Printer =
    options.json === true
      ? jsonPrinter((line) => process.stdout.write(line))
      : textPrinter({
          write: (text) => process.stderr.write(text),
          columns: () => (process.stderr.isTTY ? process.stderr.columns : undefined),
        });
  try {
    const orders = await plan(engine);
    sayRenewed(rememberServer(target));
    if (interrupted) return ExitCode.interrupted;
    if (options.detach === true) {
      const server = { ...target.engine.address, fingerprint: target.engine.fingerprint };
      const paused = options.paused === true;
      enqueue(
        orders.map((order) => ({ server, order, paused, priority })),
        options,
      );
      return ExitCode.done;
    }
    const jobs = await Promise.race([run(engine, orders, printer), gaveUp.promise]);
    if (interrupted || jobs === undefined) return ExitCode.interrupted;
    return exitOf(jobs);
  } catch (error) {
    if (interrupted) return ExitCode.interrupted;
    throw error;
  } finally {
    printer.close();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
    await engine.close();
  }
}

/** Resolves when every job has ended. */
function run(engine: EngineCore, orders: readonly JobOrder[], printer: Printer): Promise<readonly Job[]> {
  return new Promise((resolve, reject) => {
    const told = new Set<number>();
    const outage = outageWords();
    const stop = engine.onEvent((event) => {
      if (event.kind === 'connection') {
        const words = outage(event.status);
        if (words !== undefined) printer.connection(words);
        return;
      }
      if (event.kind !== 'jobs') return;
      const jobs = engine.jobs();
      printer.progress(jobs);
      for (const job of jobs) {
        if (!isOver(job.phase) || told.has(job.id)) continue;
        told.add(job.id);
        printer.ended(job);
      }
      if (told.size === orders.length) {
        stop();
        resolve(jobs);
      }
    });
    engine.submit(orders).catch(reject);
  });
}

function exitOf(jobs: readonly Job[]): ExitCode {
  const failed = jobs.filter(({ phase }) => phase !== 'done');
  if (failed.length === 0) return ExitCode.done;
  const some = jobs.some(({ doneFiles, phase }) => phase === 'done' || doneFiles > 0);
  const [first] = failed;
  if (some || first?.error === undefined) return ExitCode.someFailed;
  return exitCodeOf(fromWireError(first.error));
}
