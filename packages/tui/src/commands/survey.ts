/** `ferry sum`, `ferry du` and `ferry find`: what the server can say of its files without sending them. Rows on stdout as they come. */

import {
  Code,
  codeName,
  EntryKind,
  FerryError,
  limits,
  type Path,
  show,
  showName,
  timeToMs,
} from '@ferry/protocol';
import { SumAlgorithm } from '@ferry/protocol/content';
import { type Find, find, sum, type TreeProgress, type UsageOf, usage } from '@ferry/protocol/messages';
import prettyBytes from 'pretty-bytes';
import { parseMoment, parseSize } from '../engine/find-words.ts';
import type { ConnectOptions } from './connect.ts';
import { ExitCode } from './exit-code.ts';
import { addressesOf, withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type SumOptions = ConnectOptions & { readonly algorithm?: string; readonly json?: boolean };

/** `ferry sum ADDRESS/PATH...`: lines as b3sum and sha256sum write them. */
export async function sumFiles(args: readonly string[], options: SumOptions): Promise<ExitCode> {
  const addresses = addressesOf('sum', args);
  const { algorithm: word = 'blake3', json } = options;
  if (word !== 'blake3' && word !== 'sha256') {
    throw new FerryError(Code.USAGE, '--algorithm wants blake3 or sha256');
  }
  return withSession(args[0] ?? '', options, async ({ session, signal }) => {
    let failed = 0;
    for (const { path } of addresses) {
      const request = { path, algorithm: SumAlgorithm[word] };
      const done = await session.channel.call(sum, request, {
        signal,
        onPart: (part) => {
          tellFailures(path, part);
          for (const { path: below, size, digest } of part.rows) {
            const place = [...path, ...below];
            const hex = Buffer.from(digest).toString('hex');
            process.stdout.write(
              json === true
                ? toJsonLine({ ...jsonPath(place), size, algorithm: word, digest: hex })
                : `${hex}  ${shownPath(place)}\n`,
            );
          }
        },
      });
      failed += done.failed;
    }
    return failed > 0 ? ExitCode.someFailed : ExitCode.done;
  });
}

export type DuOptions = ConnectOptions & { readonly summarize?: boolean; readonly json?: boolean };

/** `ferry du ADDRESS/PATH...`: the folders right below, the largest first, and all together. */
export async function diskUsage(args: readonly string[], options: DuOptions): Promise<ExitCode> {
  const addresses = addressesOf('du', args);
  return withSession(args[0] ?? '', options, async ({ session, signal }) => {
    let failed = 0;
    for (const { path } of addresses) {
      const rows: UsageOf[] = [];
      const done = await session.channel.call(
        usage,
        { path },
        {
          signal,
          onPart: (part) => {
            tellFailures(path, part);
            if (options.summarize !== true) rows.push(...part.rows);
          },
        },
      );
      failed += done.failed;
      const say = (place: Path, of: Omit<UsageOf, 'name'>): void => {
        const { files, folders, bytes, allocated } = of;
        process.stdout.write(
          options.json === true
            ? toJsonLine({ ...jsonPath(place), files, folders, bytes, allocated })
            : `${prettyBytes(bytes).padStart(9)}  ${prettyBytes(allocated).padStart(9)} on disk  ${String(files).padStart(8)} ${files === 1 ? 'file ' : 'files'}  /${shownPath(place)}\n`,
        );
      };
      for (const row of rows.toSorted((a, b) => b.bytes - a.bytes)) say([...path, row.name], row);
      say(path, done);
    }
    return failed > 0 ? ExitCode.someFailed : ExitCode.done;
  });
}

export type FindOptions = ConnectOptions & {
  readonly name?: string;
  readonly ignoreCase?: boolean;
  readonly type?: string;
  readonly larger?: string;
  readonly smaller?: string;
  readonly newer?: string;
  readonly older?: string;
  readonly containing?: string;
  readonly most?: string;
  readonly json?: boolean;
};

/** `ferry find ADDRESS/PATH`: a line for each hit, as soon as it is found. */
export async function findFiles(address: string, options: FindOptions): Promise<ExitCode> {
  const path = addressesOf('find', [address])[0]?.path ?? [];
  const request = { path, ...queryOf(options, Date.now()) };
  return withSession(address, options, async ({ session, signal }) => {
    const done = await session.channel.call(find, request, {
      signal,
      onPart: (part) => {
        tellFailures(path, part);
        const lines = part.rows.map(({ folder, entry, line, text }) => {
          const place = [...path, ...folder, entry.name];
          if (options.json === true) {
            return toJsonLine({
              ...jsonPath(place),
              kind: kinds[entry.kind],
              size: entry.size,
              modified: new Date(timeToMs(entry.modified)).toISOString(),
              ...(line > 0 ? { line, text: Buffer.from(text, 'latin1').toString('utf8') } : {}),
            });
          }
          return line > 0 ? `${shownPath(place)}:${line}:${showName(text)}\n` : `${shownPath(place)}\n`;
        });
        process.stdout.write(lines.join(''));
      },
    });
    if (done.more)
      process.stderr.write(`there may be more: these are the first ${request.most} (see --most)\n`);
    return done.failed > 0 ? ExitCode.someFailed : ExitCode.done;
  });
}

const kinds = ['file', 'folder', 'symlink', 'other'] as const;
const kindWords: Readonly<Record<string, EntryKind>> = {
  file: EntryKind.file,
  f: EntryKind.file,
  folder: EntryKind.folder,
  d: EntryKind.folder,
  link: EntryKind.symlink,
  l: EntryKind.symlink,
};

function queryOf(options: FindOptions, nowMs: number): Omit<Find, 'path'> {
  const { name, ignoreCase, type, larger, smaller, newer, older, containing, most } = options;
  const kind = type === undefined ? undefined : kindWords[type];
  if (type !== undefined && kind === undefined) {
    throw new FerryError(Code.USAGE, '--type wants file, folder or link');
  }
  const count = most === undefined ? limits.findHits : Number(most);
  if (!Number.isInteger(count) || count < 1 || count > limits.findHits) {
    throw new FerryError(Code.USAGE, `--most wants a whole number from 1 to ${limits.findHits}`);
  }
  if (containing === '') throw new FerryError(Code.USAGE, '--containing wants some text');
  return {
    name,
    anyCase: ignoreCase === true,
    kind,
    minSize: larger === undefined ? undefined : parseSize(larger),
    maxSize: smaller === undefined ? undefined : parseSize(smaller),
    after: newer === undefined ? undefined : parseMoment(newer, nowMs),
    before: older === undefined ? undefined : parseMoment(older, nowMs),
    content: containing,
    most: count,
  };
}

function tellFailures(path: Path, { failures }: TreeProgress): void {
  for (const { path: below, code, message } of failures) {
    process.stderr.write(`${shownPath([...path, ...below])}: ${show(message)} [${codeName(code)}]\n`);
  }
}
