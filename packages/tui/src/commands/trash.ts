/** `ferry trash list`, `restore` and `empty`: what this user deleted on a server and can have back. */

import { Code, FerryError, type Path, show } from '@ferry/protocol';
import { type Deletion, emptyTrash, listTrash, restore } from '@ferry/protocol/messages';
import { isAddress, parseAddress } from '@ferry/protocol/session';
import prettyBytes from 'pretty-bytes';
import type { ConnectOptions } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { type Opened, withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type TrashOptions = ConnectOptions & {
  readonly to?: string;
  readonly all?: boolean;
  readonly json?: boolean;
};

/** So much of an id is shown, and so little may be typed. */
const shownDigits = 8;
const leastDigits = 4;

/** `ferry trash list ADDRESS`: the newest first. */
export function showTrash(address: string, options: TrashOptions): Promise<ExitCode> {
  return withSession(address, options, async (opened) => {
    for (const deletion of await deletionsOf(opened)) {
      const { path, files, bytes } = deletion;
      const when = new Date(deletion.deletedMs).toISOString();
      const id = idOf(deletion);
      process.stdout.write(
        options.json === true
          ? toJsonLine({ id, ...jsonPath(path), files, bytes, deleted: when, replaced: deletion.isReplaced })
          : `${id.slice(0, shownDigits)}  ${when.slice(0, 16).replace('T', ' ')}  ${counted(files).padStart(10)}  ${prettyBytes(bytes).padStart(8)}  /${shownPath(path)}${deletion.isReplaced ? ' (replaced)' : ''}\n`,
      );
    }
    return ExitCode.done;
  });
}

/** `ferry trash restore ADDRESS ID...`: to where it was, or with `--to` to another place. */
export function restoreTrash(
  address: string,
  ids: readonly string[],
  options: TrashOptions,
): Promise<ExitCode> {
  const to = placeOf(options.to, address);
  if (to !== undefined && ids.length !== 1) {
    throw new FerryError(Code.USAGE, '--to is for one deletion');
  }
  return withSession(address, options, async (opened) => {
    for (const { id } of chosen(await deletionsOf(opened), ids)) {
      const { session, signal } = opened;
      const { path } = await session.channel.call(restore, { id, to }, { signal });
      if (options.json === true) process.stdout.write(toJsonLine({ event: 'restored', ...jsonPath(path) }));
      else process.stderr.write(`restored /${shownPath(path)}\n`);
    }
    return ExitCode.done;
  });
}

/** `ferry trash empty ADDRESS [ID...]`: for good; without ids all, which has to be said. */
export function clearTrash(
  address: string,
  ids: readonly string[],
  options: TrashOptions,
): Promise<ExitCode> {
  if ((ids.length === 0) !== (options.all === true)) {
    throw new FerryError(Code.USAGE, 'say which deletions go for good, or --all');
  }
  return withSession(address, options, async (opened) => {
    const wanted =
      options.all === true ? undefined : chosen(await deletionsOf(opened), ids).map(({ id }) => id);
    const { session, signal } = opened;
    const done = await session.channel.call(emptyTrash, { ids: wanted }, { signal });
    if (options.json === true) process.stdout.write(toJsonLine({ event: 'ended', ...done }));
    else process.stderr.write(`removed for good: ${counted(done.files)}\n`);
    return done.failed > 0 ? ExitCode.someFailed : ExitCode.done;
  });
}

async function deletionsOf({ session, signal }: Opened): Promise<readonly Deletion[]> {
  const deletions: Deletion[] = [];
  await session.channel.call(listTrash, {}, { signal, onPart: ({ rows }) => deletions.push(...rows) });
  return deletions;
}

/** @throws {FerryError} USAGE for what is no beginning of one id; NOT_FOUND */
function chosen(deletions: readonly Deletion[], ids: readonly string[]): readonly Deletion[] {
  return ids.map((text) => {
    if (!/^[0-9a-f]+$/.test(text) || text.length < leastDigits) {
      throw new FerryError(Code.USAGE, `${show(text)} is no id: give those that ferry trash list shows`);
    }
    const [found, second] = deletions.filter((one) => idOf(one).startsWith(text));
    if (found === undefined) throw new FerryError(Code.NOT_FOUND, `${text} is not in the trash`);
    if (second !== undefined)
      throw new FerryError(Code.USAGE, `several ids begin with ${text}: give more of it`);
    return found;
  });
}

function placeOf(to: string | undefined, address: string): Path | undefined {
  if (to === undefined) return undefined;
  const place = isAddress(to) ? parseAddress(to) : undefined;
  const { host, port } = parseAddress(address);
  if (place === undefined || place.host !== host || place.port !== port) {
    throw new FerryError(Code.USAGE, '--to wants ADDRESS/PATH on the same server');
  }
  return place.path;
}

function idOf({ id }: Deletion): string {
  return Buffer.from(id).toString('hex');
}

function counted(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}
