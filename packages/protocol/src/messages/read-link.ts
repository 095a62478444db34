/** readLink: where a symlink leads, as it is written there. NOT_REGULAR when it is none. The server itself never goes there. */

import { limits } from '../limits.ts';
import type { Path } from '../path.ts';
import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { byteText, path, type Shape, tuple } from '../wire/shape.ts';

/** What a symlink holds: any bytes but NUL, as a byte string. */
export const linkTarget: Shape<string> = byteText(1, limits.pathBytes - 1);

export const readLink = operation<{ path: Path }, { target: string }>({
  kind: Kind.readLink,
  request: tuple({ path }),
  reply: tuple({ target: linkTarget }),
});
