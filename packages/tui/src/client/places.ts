/**
 * Where this user's ferry keeps its files, as XDG says. Pure; both threads.
 */

import { join } from 'node:path';

export type Places = {
  readonly knownServersFile: string;
  readonly savedServersFile: string;
  readonly deviceKeyFile: string;
  readonly logFile: string;
  readonly queueFile: string;
  /** The user's keys; never written. */
  readonly keysFile: string;
  /** What the browser remembers: bookmarks, recent folders, layout. */
  readonly rememberedFile: string;
  /** Copies of files that are edited: they must survive a crash. */
  readonly editFolder: string;
};

/** A relative or empty XDG variable counts as missing. */
export function placesOf(env: NodeJS.ProcessEnv, home: string): Places {
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    return join(value?.startsWith('/') === true ? value : join(home, fallback), 'ferry');
  };
  const config = base('XDG_CONFIG_HOME', '.config');
  const data = base('XDG_DATA_HOME', '.local/share');
  const state = base('XDG_STATE_HOME', '.local/state');
  return {
    knownServersFile: join(data, 'known-servers.json'),
    savedServersFile: join(data, 'servers.json'),
    deviceKeyFile: join(data, 'device.key'),
    logFile: join(state, 'ferry.log'),
    queueFile: join(state, 'queue.db'),
    keysFile: join(config, 'keys.json'),
    rememberedFile: join(state, 'browser.json'),
    editFolder: join(state, 'edits'),
  };
}
