/** Moments of a transfer, as somebody sees them who looks from outside: drawn by chance, to do it harm just then. */

import { setTimeout as rest } from 'node:timers/promises';
import { namesIn } from './cargo.ts';
import { partialsIn } from './partials.ts';

export type Moment = { readonly what: string; readonly reached: () => boolean };

export type Scene = {
  /** Where the files arrive. */
  readonly to: string;
  /** What `.ferry` lies in on that side. */
  readonly staging: string;
};

/** Files and bytes of it at most; for the rest it may never come. */
const most = { ms: 400, bytes: 9_000_000, records: 9, names: 34 };

/** At the earliest: now. */
export function someMoment({ to, staging }: Scene, random: (below: number) => number): Moment {
  const begunMs = performance.now();
  switch (random(5)) {
    case 0: {
      const bytes = 1 + random(most.bytes);
      return { what: `${bytes} bytes are partial`, reached: () => partialsIn(staging).bytes >= bytes };
    }
    case 1: {
      const records = 1 + random(most.records);
      return { what: `${records} blocks are told of`, reached: () => partialsIn(staging).records >= records };
    }
    case 2: {
      const names = 1 + random(most.names);
      return { what: `${names} files have their names`, reached: () => namesIn(to).length >= names };
    }
    case 3:
      return { what: 'a partial file is there', reached: () => partialsIn(staging).names.length > 0 };
    default: {
      const ms = random(most.ms);
      return { what: `${ms} ms have gone by`, reached: () => performance.now() - begunMs >= ms };
    }
  }
}

/** True when the moment came, false when `ended` was true before. */
export async function until({ reached }: Moment, ended: () => boolean): Promise<boolean> {
  while (!ended()) {
    if (reached()) return true;
    await rest(3);
  }
  return false;
}
