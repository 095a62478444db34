/** `ferry cp`, `ferry mv` and `ferry rm`: files and folders inside of the server, without a byte over the line. */

import {
  asFerryError,
  baseName,
  Code,
  EntryKind,
  type Facts,
  FerryError,
  joinPath,
  type Path,
  show,
} from '@ferry/protocol';
import { copy, Existing, move, removeTree, stat, type TreeProgress, trash } from '@ferry/protocol/messages';
import type { ConnectOptions } from './connect.ts';
import type { ExitCode } from './exit-code.ts';
import { addressesOf, type Opened, withSession } from './open-session.ts';
import { TreeReport } from './tree-report.ts';

export type TreeOptions = ConnectOptions & {
  readonly recursive?: boolean;
  readonly existing?: string;
  readonly overwrite?: boolean;
  readonly skip?: boolean;
  /** rm: not into the trash. */
  readonly forGood?: boolean;
  readonly json?: boolean;
};

/** `ferry cp ADDRESS/PATH... ADDRESS/PATH` */
export function cp(args: readonly string[], options: TreeOptions): Promise<ExitCode> {
  return graft('cp', args, options);
}

/** `ferry mv ADDRESS/PATH... ADDRESS/PATH` */
export function mv(args: readonly string[], options: TreeOptions): Promise<ExitCode> {
  return graft('mv', args, options);
}

async function graft(name: 'cp' | 'mv', args: readonly string[], options: TreeOptions): Promise<ExitCode> {
  const addresses = addressesOf(name, args);
  const last = addresses.at(-1);
  if (last === undefined || addresses.length < 2) {
    throw new FerryError(Code.USAGE, `ferry ${name} wants ADDRESS/PATH... ADDRESS/PATH: what, and where to`);
  }
  const existing = existingOf(options);
  const report = new TreeReport(name === 'cp' ? 'copied' : 'moved', options.json);
  return withSession(args[0] ?? '', options, async (opened) => {
    const isFolder =
      last.path.length === 0 ||
      (args.at(-1) ?? '').endsWith('/') ||
      (await factsOf(opened, last.path))?.kind === EntryKind.folder;
    const sources = addresses.slice(0, -1);
    if (!isFolder && sources.length > 1) {
      throw new FerryError(Code.NOT_FOLDER, 'several files need a folder to go to');
    }
    for (const { path } of sources) {
      await attempt(report, path, async () => {
        const own = baseName(path);
        if (own === undefined) throw new FerryError(Code.USAGE, 'name a file or folder, not the whole share');
        if (name === 'cp') await checkRecursive(opened, path, options);
        const order = { from: path, to: isFolder ? joinPath(last.path, own) : last.path, existing };
        return opened.session.channel.call(
          name === 'cp' ? copy : move,
          { ...order, expected: undefined },
          { signal: opened.signal, onPart: (part) => report.progress(path, part) },
        );
      });
    }
    return report.exitCode;
  });
}

/** `ferry rm ADDRESS/PATH...`: into the trash, unless it is said otherwise. */
export async function rm(args: readonly string[], options: TreeOptions): Promise<ExitCode> {
  const addresses = addressesOf('rm', args);
  const report = new TreeReport(options.forGood === true ? 'removed' : 'trashed', options.json);
  return withSession(args[0] ?? '', options, async (opened) => {
    for (const { path } of addresses) {
      await attempt(report, path, async () => {
        await checkRecursive(opened, path, options);
        const { channel } = opened.session;
        const opts = {
          signal: opened.signal,
          onPart: (part: TreeProgress) => report.progress(path, part),
        };
        if (options.forGood === true) return channel.call(removeTree, { path }, opts);
        const { deletion } = await channel.call(trash, { path }, opts);
        const { files, kind } = deletion;
        const folders = kind === EntryKind.folder ? 1 : 0;
        return { files, folders, bytes: 0, skipped: 0, failed: 0 };
      });
    }
    return report.exitCode;
  });
}

/** One that cannot be done stops no other; wrong usage and Ctrl+C stop all. */
async function attempt(
  report: TreeReport,
  path: Path,
  act: () => Promise<Parameters<TreeReport['ended']>[1]>,
): Promise<void> {
  try {
    report.ended(path, await act());
  } catch (thrown) {
    const error = asFerryError(thrown);
    if (stopping.has(error.code)) throw error;
    report.failed(path, error);
  }
}

const stopping: ReadonlySet<Code> = new Set([
  Code.USAGE,
  Code.CANCELLED,
  Code.CONNECTION_LOST,
  Code.TIMEOUT,
  Code.SHUTTING_DOWN,
]);

async function checkRecursive(opened: Opened, path: Path, { recursive }: TreeOptions): Promise<void> {
  if (recursive === true) return;
  const { facts } = await opened.session.channel.call(stat, { path }, { signal: opened.signal });
  if (facts.kind !== EntryKind.folder) return;
  throw new FerryError(
    Code.USAGE,
    `${show(path.join('/'))} is a folder: add -r to take it with all that is in it`,
  );
}

async function factsOf({ session, signal }: Opened, path: Path): Promise<Facts | undefined> {
  try {
    return (await session.channel.call(stat, { path }, { signal })).facts;
  } catch (error) {
    if (error instanceof FerryError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

function existingOf({ existing, overwrite, skip }: TreeOptions): Existing {
  const said = [overwrite === true ? 'overwrite' : [], skip === true ? 'skip' : [], existing ?? []].flat();
  if (said.length > 1) {
    throw new FerryError(Code.USAGE, 'use one of --existing, --overwrite and --skip, not several');
  }
  const [word = 'fail'] = said;
  if (word === 'fail' || word === 'overwrite' || word === 'skip') return Existing[word];
  throw new FerryError(Code.USAGE, '--existing wants one of fail, overwrite, skip');
}
