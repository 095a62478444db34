/** Facts on the wire: an entry and its identity. Part of several messages. */

import type { Facts } from '../entry.ts';
import { byteText, entry, type Shape } from '../wire/shape.ts';

export const identityBytes = 32;
export const identity: Shape<string> = byteText(1, identityBytes);

/** The entry's tuple with the identity as its seventh element. */
export const facts: Shape<Facts> = {
  put: (value) => [...(entry.put(value) as readonly []), identity.put(value.identity)],
  get: (value, field) => {
    const row = entry.get(value, field);
    return { ...row, identity: identity.get((value as readonly unknown[])[6], 'identity') };
  },
};
