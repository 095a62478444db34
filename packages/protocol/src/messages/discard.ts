/** discard: gives an upload up; its partial file is removed. Ends the handle; of an unknown one it is no error. */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { integer, tuple } from '../wire/shape.ts';

export const discard = operation<{ handle: number }>({
  kind: Kind.discard,
  request: tuple({ handle: integer(1, 2 ** 32 - 1) }),
});
