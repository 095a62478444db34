/** Facts on the wire: an entry and its identity. Part of several messages. */

import type { Facts } from '../entry.ts';
import { byteText, entry, flag, type Shape } from '../wire/shape.ts';

export const identityBytes = 32;
export const identity: Shape<string> = byteText(1, identityBytes);

/** The entry's tuple with the identity as its seventh element and `sparse` as its eighth. */
export const facts: Shape<Facts> = {
  put: (value) => [...(entry.put(value) as readonly []), identity.put(value.identity), value.sparse === true],
  get: (value, field) => {
    const row = entry.get(value, field);
    const [more, sparse] = (value as readonly unknown[]).slice(6);
    return { ...row, identity: identity.get(more, 'identity'), sparse: flag.get(sparse, 'sparse') };
  },
};
