/** Looks whether a server answers, and whether it is the one that is known, without sending it anything. Connect screen. */

import { asFerryError } from '@ferry/protocol';
import type { Fingerprint } from '@ferry/protocol/session';
import type { Reach } from '../engine/reach.ts';
import { learn } from './trust.ts';

/** Nobody there is an answer too; `ms` is the time to a secured line. */
export async function reachOf(
  where: { readonly host: string; readonly port: number },
  known: Fingerprint | undefined,
  signal?: AbortSignal,
): Promise<Reach> {
  try {
    const startMs = performance.now();
    const fingerprint = await learn(where, signal);
    const ms = performance.now() - startMs;
    if (known === undefined) return { kind: 'new', ms };
    return fingerprint === known ? { kind: 'answers', ms } : { kind: 'changed' };
  } catch (error) {
    return { kind: 'nobody', why: asFerryError(error).message };
  }
}
