/** `ferryd shares`: what everybody shares, listed and ended beside a running server. Main thread. */

import { Code, FerryError, show } from '@ferry/protocol';
import { minute, table } from '@ferry/protocol/terminal/table';
import type { AccessChanges } from '../access/operations.ts';
import { pathText } from '../access/settings.ts';
import type { ShareFacts, Shares } from '../access/shares.ts';

/** So much of an id is shown. */
const shownDigits = 8;

export function listShares(shares: Shares, json: boolean, nowMs: number): string {
  const all = shares.list(undefined, nowMs);
  if (json) return `${JSON.stringify(all.map(plain))}\n`;
  return table(
    ['SHARE', 'OF', 'KIND', 'UNTIL', 'DEVICES', 'DOWNLOADED', 'WHAT'],
    all.map(({ id, maker, kind, expiresMs, devices, verified, downloads, paths }) => [
      hex(id).slice(0, shownDigits),
      show(maker),
      kind === 'drop' ? 'drop box' : 'read',
      minute(expiresMs),
      `${devices}`,
      kind === 'drop' ? '-' : `${verified}${downloads === undefined ? '' : ` (${downloads} of each)`}`,
      paths.map(pathText).join(' '),
    ]),
    'nobody shares anything',
  );
}

/** @throws {FerryError} USAGE when it names none, or several */
export async function removeShare(
  shares: Shares,
  changes: AccessChanges,
  text: string,
  nowMs: number,
): Promise<string> {
  const [found, second] = shares.list(undefined, nowMs).filter(({ id }) => hex(id).startsWith(text));
  if (found === undefined || second !== undefined) {
    const count = found === undefined ? 'no' : 'more than one';
    throw new FerryError(Code.USAGE, `${count} share begins with ${show(text)}`);
  }
  await changes.make('endShare', { id: found.id, maker: undefined });
  return `the share ${hex(found.id).slice(0, shownDigits)} of ${show(found.maker)} is over\n`;
}

function plain({ id, paths, ...rest }: ShareFacts): object {
  return { id: hex(id), paths: paths.map(pathText), ...rest };
}

function hex(id: Uint8Array): string {
  return Buffer.from(id).toString('hex');
}
