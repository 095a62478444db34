/**
 * Tells somebody who is not looking that the queue is done: through the terminal, or by a command of their own
 * (FERRY_NOTIFY). UI thread.
 */

import { spawn } from 'node:child_process';
import type { Shown } from '@ferry/protocol';

export type NotifyOpts = {
  readonly env: NodeJS.ProcessEnv;
  /** Writes to the terminal, drawing nothing. */
  readonly write: (text: string) => void;
};

/**
 * `off`: not at all. `bell`: the terminal's bell. Nothing: the bell and the two sequences that make a desktop's notification, which
 * terminals that know neither ignore. Anything else is a command, run by the shell with the words as its last argument.
 */
export function notify(words: Shown, { env, write }: NotifyOpts): void {
  const how = env['FERRY_NOTIFY'] ?? '';
  if (how === 'off') return;
  if (how !== '' && how !== 'bell') {
    const child = spawn('/bin/sh', ['-c', `${how} "$@"`, 'ferry', words], {
      stdio: 'ignore',
      detached: true,
      env,
    });
    // A command that cannot be run is noticed by its absence.
    child.once('error', () => {});
    child.unref();
    return;
  }
  // The Linux console takes some of these for something else.
  const isPlain = how === 'bell' || env['TERM'] === 'linux';
  const text = words.replaceAll(';', ',');
  write(isPlain ? '\x07' : `\x07\x1b]9;ferry: ${text}\x07\x1b]777;notify;ferry;${text}\x07`);
}
