/**
 * Gives the programs under test the model's clock, files and SQLite. Imported before anything of the programs, which is then
 * loaded with `await import`.
 */

import { registerHooks } from 'node:module';
import { takeOverClock } from './model/clock.ts';

const models: Readonly<Record<string, string>> = {
  'node:fs': './model/fs.ts',
  'node:sqlite': './model/sqlite.ts',
  'node:timers/promises': './model/timers-promises.ts',
};

/** Parts of the programs that a simulation has its own of, by the end of their address. */
const standIns = new Map<string, string>();

/** To be called before the program is loaded. */
export function standIn(partOfProgram: string, model: URL): void {
  standIns.set(partOfProgram, model.href);
}

registerHooks({
  resolve(specifier, context, next) {
    if (context.parentURL?.includes('/packages/') !== true) return next(specifier, context);
    const model = models[specifier];
    if (model !== undefined) return { url: new URL(model, import.meta.url).href, shortCircuit: true };
    const found = next(specifier, context);
    for (const [part, url] of standIns) if (found.url.endsWith(part)) return { url, shortCircuit: true };
    return found;
  },
});

takeOverClock();
