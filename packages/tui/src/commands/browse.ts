/** `ferry ADDRESS|INVITE [LOCAL_DIR]`: the browser, on an engine in its own thread. */

import { realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { Code, FerryError, show } from '@ferry/protocol';
import { hostPort } from '@ferry/protocol/session';
import { EngineThread } from '../engine/engine-thread.ts';
import { choicesOf } from './choices.ts';
import {
  type ConnectOptions,
  connectTo,
  places,
  rememberServer,
  rememberVisit,
  sayRenewed,
  type Target,
} from './connect.ts';
import { localPath } from './move.ts';

export type BrowseOptions = ConnectOptions & { readonly keys?: string; readonly showActivity?: boolean };

/** Resolves with the exit code when the user has quit. @throws {FerryError} before any screen is drawn */
export async function browse(
  text: string,
  local: string | undefined,
  options: BrowseOptions,
): Promise<number> {
  return browseAt(await connectTo(text, options), local, options);
}

/** As {@link browse}, on a server that is trusted. */
export async function browseAt(
  target: Target,
  local: string | undefined,
  options: Pick<BrowseOptions, 'keys' | 'showActivity'>,
): Promise<number> {
  const localPathNow = localFolder(local ?? '.');
  const engine = new EngineThread({
    ...target.engine,
    queueFile: places.queueFile,
    editFolder: places.editFolder,
    attempts: { first: Number.POSITIVE_INFINITY, laterMs: Number.POSITIVE_INFINITY },
  });
  let renewed: string | undefined;
  const { address } = target;
  /** Until they answer. */
  const chosen = new Map([[hostPort(address), target]]);
  engine.onEvent((event) => {
    if (event.kind !== 'connection' || event.status.phase !== 'online') return;
    const where = event.where ?? hostPort(address);
    const online = chosen.get(where);
    chosen.delete(where);
    if (online === undefined) return;
    renewed = rememberServer(online) ?? renewed;
    rememberVisit(online);
  });
  const all = choicesOf({});
  const choices = {
    ...all,
    connect: async (...args: Parameters<typeof all.connect>) => {
      const one = await all.connect(...args);
      const { fingerprint, token, address: server } = one.engine;
      chosen.set(hostPort(one.address), one);
      return { server: { ...server, fingerprint, token }, path: one.address.path };
    },
  };
  const { runBrowser } = await import('../app.ts');
  const code = await runBrowser({
    engine,
    choices,
    remotePath: address.path,
    localPath: localPathNow,
    address: hostPort(address),
    rememberedFile: places.rememberedFile,
    keys: { file: places.keysFile, preset: options.keys },
    isShown: options.showActivity,
  });
  // Not while there is a screen.
  sayRenewed(renewed);
  return code;
}

function localFolder(text: string): ReturnType<typeof localPath> {
  try {
    return localPath(realpathSync(resolve(text)));
  } catch (cause) {
    throw new FerryError(Code.NOT_FOUND, `there is no folder ${show(text)}`, { cause });
  }
}
