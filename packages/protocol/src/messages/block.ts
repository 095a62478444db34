/**
 * block: one block of an upload. The only message that is not msgpack: its body is content/block.ts's header and the bytes.
 * The reply says that the block was verified and written to the staged file.
 */

import { Kind } from '../wire/kinds.ts';
import { operation } from '../wire/operation.ts';
import { type Nothing, nothing } from '../wire/shape.ts';

export const block = operation<Nothing>({ kind: Kind.block, request: nothing });
