/** What staged-file.ts answers when a block or the partial file is not as it should be. */

import { Code, FerryError } from '../errors.ts';

export function misfit(): FerryError {
  return new FerryError(Code.MALFORMED, 'a block does not fit the announced size of the file');
}

export function damaged(): FerryError {
  return new FerryError(Code.INTEGRITY, 'a block arrived damaged');
}

export function partGone(): FerryError {
  return new FerryError(Code.BAD_STATE, 'the partial file is gone');
}
