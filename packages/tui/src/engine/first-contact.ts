/**
 * What a person must type before a server that nobody vouched for is trusted: the groups of its fingerprint that are not shown,
 * which only its owner sees, or in words that it is trusted unseen. Pure; commands and the connect screen.
 */

import type { Fingerprint } from '@ferry/protocol/session';

/** Two groups of a fingerprint, in order. */
export type Hidden = readonly [number, number];

/** Typed by who has nobody to ask. */
export const trustWords = 'trust unseen';
/** Typed wrongly so often, nothing is trusted. */
export const mostMistakes = 3;

/**
 * Two that nobody can guess beforehand, so that no identity can be made that only looks alike where one compares.
 * @param random whole numbers from 0 up to below its argument
 */
export function hiddenGroups(fingerprint: Fingerprint, random: (below: number) => number): Hidden {
  const groups = fingerprint.split('-').length;
  const first = random(groups);
  const second = random(groups - 1);
  const other = second >= first ? second + 1 : second;
  return first < other ? [first, other] : [other, first];
}

/** Its groups as they are shown. */
export function shownGroups(fingerprint: Fingerprint, hidden: Hidden): readonly string[] {
  return fingerprint.split('-').map((group, i) => (hidden.includes(i) ? '????' : group));
}

/** Blanks, dashes and capital letters make no difference. */
export function isAccepted(text: string, fingerprint: Fingerprint, hidden: Hidden): boolean {
  const groups = fingerprint.split('-');
  const missing = hidden.map((index) => groups[index] ?? '').join('');
  return text.toLowerCase().replace(/[\s-]/g, '') === missing || text.trim().toLowerCase() === trustWords;
}
