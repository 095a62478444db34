/**
 * May a file be put under this name? Asked before the first byte is sent and again right before publishing.
 */

import { Code, FerryError } from '../errors.ts';
import type { Name } from '../path.ts';
import { identityOf } from './identity.ts';
import type { Root } from './root.ts';

export type TargetRule = {
  /** `fail`: EXISTS when the name is taken. `overwrite`: what is there is replaced, unless it is a folder. */
  readonly existing: 'fail' | 'overwrite';
  /** With `overwrite`: the identity of the only version that may be replaced. */
  readonly expected?: string | undefined;
};

/** @throws {FerryError} EXISTS; CONFLICT when what is there is not `expected`, or gone */
export function checkTarget(root: Root, folderFd: number, name: Name, rule: TargetRule): void {
  const stats = root.lookAt(folderFd, name);
  if (stats?.isDirectory()) throw new FerryError(Code.EXISTS, 'a folder of that name is there');
  if (rule.existing === 'fail') {
    if (stats !== undefined) throw new FerryError(Code.EXISTS, 'that name is taken');
    return;
  }
  if (rule.expected === undefined) return;
  if (stats === undefined) throw new FerryError(Code.CONFLICT, 'the file to be replaced is gone');
  if (identityOf(stats) !== rule.expected) {
    throw new FerryError(Code.CONFLICT, 'the file to be replaced has changed since you looked');
  }
}
