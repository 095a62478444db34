/**
 * enrol: makes a further device known to the account of this session. FORBIDDEN for all but keys that the owner has named, AUTH_FAILED when the
 * signature is not the device's over this connection's login text.
 */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { bytes, tuple } from '../wire/shape.ts';

export type Enrol = { readonly deviceKey: Uint8Array; readonly signature: Uint8Array };

export const enrol = operation<Enrol>({
  kind: Kind.enrol,
  request: tuple<Enrol>({ deviceKey: bytes(32, 32), signature: bytes(64, 64) }),
});
