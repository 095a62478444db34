/** May a file be put under this name? Asked before the first byte is sent and again right before publishing. Worker threads. */

import { baseName, Code, FerryError, type Path, parentPath } from '@ferry/protocol';
import { factsOf, type Head } from './metadata.ts';
import type { Objects } from './objects.ts';
import type { PutRule } from './publisher.ts';

export type Target = {
  readonly target: Path;
  /** As TargetRule. */
  readonly existing: 'fail' | 'overwrite';
  readonly expected?: string | undefined;
};

/**
 * What is there, and what may be replaced.
 * @throws {FerryError} FORBIDDEN (the root), NAME_INVALID, NAME_TOO_LONG, NOT_FOUND, NOT_FOLDER, EXISTS, CONFLICT
 */
export async function checkTarget(
  objects: Objects,
  { target, existing, expected }: Target,
  isOwn: (there: Head) => boolean = () => false,
): Promise<{ readonly rule: PutRule; readonly there: Head | undefined }> {
  const name = baseName(target);
  if (name === undefined) throw new FerryError(Code.FORBIDDEN, 'that cannot be done to the root folder');
  const [there, isFolder] = await Promise.all([
    objects.file(target),
    objects.isFolder(target),
    objects.checkFolder(parentPath(target)),
  ]);
  if (there !== undefined && isOwn(there)) return { rule: 'any', there };
  if (isFolder) throw new FerryError(Code.EXISTS, 'a folder of that name is there');
  if (existing === 'fail') {
    if (there !== undefined) throw new FerryError(Code.EXISTS, 'that name is taken');
    return { rule: 'absent', there };
  }
  if (expected === undefined) return { rule: 'any', there };
  if (there === undefined) throw new FerryError(Code.CONFLICT, 'the file to be replaced is gone');
  if (factsOf(name, 'file', there).identity !== expected) {
    throw new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked');
  }
  return { rule: { etag: there.etag }, there };
}

/** A condition that did not hold, as the contract has it. */
export function asConflict(error: unknown): unknown {
  if (!(error instanceof FerryError) || error.code !== Code.CONFLICT) return error;
  return new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked', {
    cause: error,
  });
}
