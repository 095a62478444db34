/** The keys that hold, from the user's file and the command line. Read once, before the screen is there. UI thread. */

import { readFileSync } from 'node:fs';
import { Code, FerryError, type Shown, show, trusted } from '@ferry/protocol';
import { isPreset, presetNames } from '../keymap/presets.ts';
import { type Keymap, parseKeysFile, resolveKeys } from '../keymap/resolve.ts';

export type KeysOpts = {
  /** Need not exist. */
  readonly file: string;
  /** Goes before the file's; undefined: the file's, or the usual one. */
  readonly preset: string | undefined;
};

export type Keys = {
  readonly keymap: Keymap;
  readonly escapeMs: number;
  readonly problems: readonly Shown[];
};

/** What cannot be read or understood is left out and said in `problems`. @throws {FerryError} USAGE for a preset that is none */
export function readKeys({ file, preset }: KeysOpts): Keys {
  if (preset !== undefined && !isPreset(preset))
    throw new FerryError(Code.USAGE, `there are no keys ${show(preset)}: ${presetNames.join(', ')}`);
  let text = '{}';
  const unread: Shown[] = [];
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') unread.push(trusted(`it cannot be read (${show(code ?? '')})`));
  }
  const own = parseKeysFile(text);
  const { keymap, problems } = resolveKeys(preset ?? own.preset ?? 'mc', own.wishes);
  return { keymap, escapeMs: own.escapeMs, problems: [...unread, ...own.problems, ...problems] };
}
