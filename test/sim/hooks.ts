/**
 * Gives the programs under test the model's clock, files and SQLite. Imported before anything of the programs, which is then
 * loaded with `await import`.
 */

import { type LoadFnOutput, registerHooks } from 'node:module';
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

/** What a program keeps for as long as it runs, or what is too large for ten thousand worlds, by the end of the file's address. */
const changes = new Map<string, readonly (readonly [from: string | RegExp, to: string])[]>();

/** To be called before the program is loaded. Each `from` must be there. */
export function change(partOfProgram: string, ...how: readonly (readonly [string | RegExp, string])[]): void {
  changes.set(partOfProgram, how);
}

function changed(source: string, how: readonly (readonly [string | RegExp, string])[]): string {
  return how.reduce((text, [from, to]) => {
    const next = text.replaceAll(from, to);
    if (next === text) throw new Error(`${String(from)} is not there any more`);
    return next;
  }, source);
}

type Source = LoadFnOutput['source'];

function textOf(source: Source): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source ?? undefined);
}

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    for (const [part, how] of changes)
      if (url.endsWith(part)) return { ...loaded, source: changed(textOf(loaded.source), how) };
    return loaded;
  },
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
