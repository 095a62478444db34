/** `ferry` without an address: the connect screen, then the browser on the server that was chosen. */

import { SavedServers } from '../client/saved-servers.ts';
import { type BrowseOptions, browseAt } from './browse.ts';
import { choicesOf } from './choices.ts';
import { places, type Target } from './connect.ts';
import { ExitCode } from './exit-code.ts';

/** Resolves with the exit code when the user has quit. @throws {FerryError} before any screen is drawn */
export async function choose(options: BrowseOptions): Promise<number> {
  const choices = choicesOf(options);
  const { chooseServer } = await import('../connect-app.ts');
  const target = await chooseServer<Target>({ ...choices, rememberedFile: places.rememberedFile });
  if (target === undefined) return ExitCode.done;
  return browseAt(target, undefined, options);
}

/** What a saved name stands for. @throws {FerryError} CONFIG */
export function savedAddress(text: string): string | undefined {
  return new SavedServers(places.savedServersFile).addressOf(text);
}
