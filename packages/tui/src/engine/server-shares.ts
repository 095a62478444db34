/**
 * One's own shares on the server: the contract. Implemented by client/shares on the I/O thread, and through the engine's proxy from the
 * UI thread. All that crosses is plain data.
 */

import { isIP } from 'node:net';
import type { Path } from '@ferry/protocol';
import type { Wait } from './source.ts';

export type ShareWish = {
  /** `drop`: one folder to put files into, unseen. */
  readonly kind: 'read' | 'drop';
  readonly paths: readonly Path[];
  readonly forMs: number;
  /** undefined: as often as anybody likes. */
  readonly downloads: number | undefined;
  /** How others reach the server; undefined: as this ferry does. */
  readonly at: { readonly host: string; readonly port: number } | undefined;
};

export type MadeShare = {
  /** 16 hex digits. */
  readonly id: string;
  /** What to give away: an address that lets in. */
  readonly invite: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly expiresMs: number;
  /** It names this machine alone, so that others cannot use it. */
  readonly isOnlyHere: boolean;
};

export type OwnShare = {
  readonly id: string;
  readonly kind: 'read' | 'drop';
  /** The first of them. */
  readonly paths: readonly Path[];
  readonly pathCount: number;
  readonly sinceMs: number;
  readonly expiresMs: number;
  readonly downloads: number | undefined;
  /** Whole files that arrived, all together. */
  readonly verified: number;
  readonly devices: number;
};

export interface ServerShares {
  /** @throws as share */
  make(wish: ShareWish, opts?: Wait): Promise<MadeShare>;
  /** The newest first. */
  list(opts?: Wait): Promise<readonly OwnShare[]>;
  /** Who uses it is out within a second. @throws NOT_FOUND */
  end(id: string, opts?: Wait): Promise<void>;
}

const unitMs: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_557_600_000,
};
export const longestShareMs = 3650 * 86_400_000;

/** `90m`, `12h`, `7d`, `4w`, `1y` in milliseconds; undefined for anything else, and for more than ten years. */
export function spanOf(text: string): number | undefined {
  const [, number, unit = ''] = /^([0-9]{1,6})([mhdwy])$/.exec(text.trim()) ?? [];
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN);
  return ms >= 1 && ms <= longestShareMs ? ms : undefined;
}

/** An address that means whoever uses it. */
export function isOnlyHere(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
