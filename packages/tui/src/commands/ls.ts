/** `ferry ls ADDRESS/PATH`: a folder's entries, or one file, on stdout. Uses a session alone: no lanes, no queue. */

import {
  asFerryError,
  Code,
  type Entry,
  EntryKind,
  joinPath,
  type Path,
  showName,
  timeToMs,
} from '@ferry/protocol';
import { list, stat } from '@ferry/protocol/messages';
import { type ClientChannel, parseAddress } from '@ferry/protocol/session';
import type { ConnectOptions } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';

export type LsOptions = ConnectOptions & {
  readonly long?: boolean;
  readonly json?: boolean;
  readonly all?: boolean;
};

export async function ls(text: string, options: LsOptions): Promise<ExitCode> {
  const { path } = parseAddress(text);
  return withSession(text, options, async ({ session }) => {
    const shown = (await entriesOf(session.channel, path))
      .filter(({ name }) => options.all === true || !name.startsWith('.'))
      .toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (let i = 0; i < shown.length; i += 1000) {
      process.stdout.write(
        shown
          .slice(i, i + 1000)
          .map((entry) => line(entry, path, options))
          .join(''),
      );
    }
    return ExitCode.done;
  });
}

async function entriesOf(channel: ClientChannel, path: Path): Promise<Entry[]> {
  const entries: Entry[] = [];
  try {
    await channel.call(list, { path }, { onPart: (page) => entries.push(...page.entries) });
  } catch (thrown) {
    const error = asFerryError(thrown);
    if (error.code !== Code.NOT_FOLDER) throw error;
    entries.push((await channel.call(stat, { path })).facts);
  }
  return entries;
}

const kindNames: Readonly<Record<EntryKind, string>> = { 0: 'file', 1: 'folder', 2: 'symlink', 3: 'other' };

function line(entry: Entry, folder: Path, options: LsOptions): string {
  const modified = new Date(timeToMs(entry.modified)).toISOString();
  if (options.json === true) {
    const { kind, size, mode } = entry;
    return toJsonLine({
      ...jsonPath(joinPath(folder, entry.name)),
      kind: kindNames[kind],
      size,
      modified,
      mode,
    });
  }
  const mark = entry.kind === EntryKind.folder ? '/' : entry.kind === EntryKind.symlink ? '@' : '';
  const name = `${showName(entry.name)}${mark}`;
  if (options.long !== true) return `${name}\n`;
  const day = modified.slice(0, 16).replace('T', ' ');
  return `${permissions(entry)} ${String(entry.size).padStart(15)}  ${day}  ${name}\n`;
}

function permissions({ kind, mode }: Entry): string {
  const letters = ['d', 'r', 'w', 'x', 'r', 'w', 'x', 'r', 'w', 'x'];
  const bits = letters.slice(1).map((letter, i) => ((mode >> (8 - i)) & 1 ? letter : '-'));
  return `${kind === EntryKind.folder ? 'd' : kind === EntryKind.symlink ? 'l' : '-'}${bits.join('')}`;
}
