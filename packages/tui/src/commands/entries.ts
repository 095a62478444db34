/** `ferry mkdir`, `chmod`, `ln` and `touch`: single steps on the server. */

import {
  asFerryError,
  baseName,
  bytesOf,
  Code,
  EntryKind,
  FerryError,
  fromWireError,
  type Path,
  parentPath,
  show,
  type Time,
} from '@ferry/protocol';
import { contentDigest } from '@ferry/protocol/content';
import { makeLink, mkdir, Overwrite, setFacts, stat, store } from '@ferry/protocol/messages';
import type { ConnectOptions } from './connect.ts';
import { ExitCode, exitCodeOf } from './exit-code.ts';
import { addressesOf, type Opened, withSession } from './open-session.ts';
import { jsonPath, toJsonLine } from './printer-json.ts';
import { shownPath } from './printer-text.ts';

export type EntryOptions = ConnectOptions & {
  readonly parents?: boolean;
  readonly time?: string;
  readonly json?: boolean;
};

/** `ferry mkdir ADDRESS/PATH...` */
export function makeFolders(args: readonly string[], options: EntryOptions): Promise<ExitCode> {
  return each('mkdir', args, options, async ({ session, signal }, path) => {
    const make = (one: Path): Promise<unknown> => session.channel.call(mkdir, { path: one }, { signal });
    if (options.parents !== true) {
      await make(path);
      return;
    }
    for (let depth = 1; depth <= path.length; depth++) {
      const one = path.slice(0, depth);
      await make(one).catch(async (error: unknown) => {
        if (!(error instanceof FerryError) || error.code !== Code.EXISTS) throw error;
        const { facts } = await session.channel.call(stat, { path: one }, { signal });
        if (facts.kind !== EntryKind.folder) throw error;
      });
    }
  });
}

/** `ferry chmod MODE ADDRESS/PATH...` */
export function changeMode(text: string, args: readonly string[], options: EntryOptions): Promise<ExitCode> {
  if (!/^[0-7]{3,4}$/.test(text)) {
    throw new FerryError(Code.USAGE, 'ferry chmod wants permissions as octal digits, for example 640');
  }
  const mode = Number.parseInt(text, 8);
  return each('chmod', args, options, async ({ session, signal }, path) => {
    const { modified } = (await session.channel.call(stat, { path }, { signal })).facts;
    await session.channel.call(setFacts, { path, modified, mode }, { signal });
  });
}

/** `ferry ln TARGET ADDRESS/PATH`: a symbolic link that holds TARGET as it is. */
export function link(target: string, place: string, options: EntryOptions): Promise<ExitCode> {
  const bytes = bytesOf(Buffer.from(target, 'utf8').toString('latin1')).toString('latin1');
  return each('ln', [place], options, async ({ session, signal }, path) => {
    await session.channel.call(makeLink, { path, target: bytes }, { signal });
  });
}

/** `ferry touch ADDRESS/PATH...`: sets the time of what is there; makes an empty file where nothing is. */
export function touch(args: readonly string[], options: EntryOptions): Promise<ExitCode> {
  const modified = timeOf(options.time);
  return each('touch', args, options, async (opened, path) => {
    const { session, signal } = opened;
    try {
      const { mode } = (await session.channel.call(stat, { path }, { signal })).facts;
      await session.channel.call(setFacts, { path, modified, mode }, { signal });
    } catch (error) {
      if (!(error instanceof FerryError) || error.code !== Code.NOT_FOUND) throw error;
      await makeEmpty(opened, path, modified);
    }
  });
}

async function makeEmpty({ session, signal }: Opened, path: Path, modified: Time): Promise<void> {
  const name = baseName(path);
  if (name === undefined) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
  const content = Buffer.alloc(0);
  const file = { name, modified, mode: 0o644, rootDigest: contentDigest(content), content };
  const lane = await session.openLane({ signal });
  try {
    const { failures } = await lane.call(
      store,
      { folder: parentPath(path), overwrite: Overwrite.never, again: false, files: [file] },
      { signal },
    );
    const [failure] = failures;
    if (failure !== undefined) throw fromWireError([failure.code, failure.message, 0]);
  } finally {
    lane.close();
  }
}

/** One that cannot be done stops no other. */
async function each(
  command: string,
  args: readonly string[],
  options: EntryOptions,
  act: (opened: Opened, path: Path) => Promise<void>,
): Promise<ExitCode> {
  const addresses = addressesOf(command, args);
  return withSession(args[0] ?? '', options, async (opened) => {
    const failures: FerryError[] = [];
    for (const { path } of addresses) {
      try {
        await act(opened, path);
        if (options.json === true) process.stdout.write(toJsonLine({ event: 'ended', ...jsonPath(path) }));
      } catch (thrown) {
        const error = asFerryError(thrown);
        opened.signal.throwIfAborted();
        failures.push(error);
        const { codeName, message } = error;
        if (options.json === true) {
          const event = { event: 'failed', ...jsonPath(path), error: { code: codeName, message } };
          process.stdout.write(toJsonLine(event));
        } else process.stderr.write(`${shownPath(path)}: ${show(message)} [${codeName}]\n`);
      }
    }
    const [first] = failures;
    if (first === undefined) return ExitCode.done;
    return failures.length < addresses.length ? ExitCode.someFailed : exitCodeOf(first);
  });
}

/** What `--time` says, or now. @throws {FerryError} USAGE */
function timeOf(text: string | undefined): Time {
  const ms = text === undefined ? Date.now() : Date.parse(text);
  if (Number.isNaN(ms)) {
    throw new FerryError(Code.USAGE, '--time wants a time such as 2026-05-31T12:00');
  }
  const s = Math.floor(ms / 1000);
  return { s, ns: (ms - s * 1000) * 1_000_000 };
}
