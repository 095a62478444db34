/** `ferry cp` from one server to another: jobs like any other, that go through this machine and leave nothing on it. */

import { baseName, Code, EntryKind, FerryError, joinPath } from '@ferry/protocol';
import { type Address, hostPort, parseAddress } from '@ferry/protocol/session';
import type { JobOrder } from '../engine/job.ts';
import { connectTo, rememberServer, sayRenewed } from './connect.ts';
import type { ExitCode } from './exit-code.ts';
import { checkRecursive, existingOf, kindOf, type MoveOptions, withEngine } from './move.ts';

/** Whether what is to be copied is on another server than where it goes. */
export function isBetween(args: readonly string[]): boolean {
  const [first, last] = [args[0], args.at(-1)];
  return first !== undefined && last !== undefined && serverOf(first) !== serverOf(last);
}

function serverOf(text: string): string | undefined {
  try {
    return hostPort(parseAddress(text));
  } catch (error) {
    if (error instanceof FerryError) return undefined;
    throw error;
  }
}

/** @throws {FerryError} USAGE; as connectTo, for either server */
export async function relay(args: readonly string[], options: MoveOptions): Promise<ExitCode> {
  const to = args.at(-1) ?? '';
  const last = parseAddress(to);
  const texts = args.slice(0, -1);
  const sources = texts.map(parseAddress);
  const [first] = sources;
  if (first === undefined || new Set(sources.map(hostPort)).size > 1)
    throw new FerryError(Code.USAGE, 'what is copied must be on one server, and go to one other');
  if (options.pin !== undefined || options.inviteFile !== undefined)
    throw new FerryError(
      Code.USAGE,
      'two servers have two identities: --pin and --invite-file are for commands with one of them',
    );
  const from = await connectTo(texts[0] ?? '', options);
  return withEngine(to, options, async (engine) => {
    const { address, fingerprint, token } = from.engine;
    const origin = { ...address, fingerprint };
    const there = engine.source(engine.open({ ...origin, token }));
    const isFolder =
      last.path.length === 0 ||
      to.endsWith('/') ||
      (await kindOf(engine.remote, last.path)) === EntryKind.folder;
    if (!isFolder && sources.length > 1)
      throw new FerryError(Code.NOT_FOLDER, 'several files need a folder to go to');
    const orders: JobOrder[] = [];
    for (const { path } of sources) {
      const name = nameOf(path);
      const { kind } = await there.stat(path);
      checkRecursive(kind, options, path);
      orders.push({
        direction: 'upload',
        origin,
        source: path,
        kind,
        target: isFolder ? joinPath(last.path, name) : last.path,
        ...existingOf(options),
      });
    }
    sayRenewed(rememberServer(from));
    return orders;
  });
}

function nameOf(path: Address['path']): NonNullable<ReturnType<typeof baseName>> {
  const name = baseName(path);
  if (name === undefined) throw new FerryError(Code.USAGE, 'name a file or folder, not the whole share');
  return name;
}
