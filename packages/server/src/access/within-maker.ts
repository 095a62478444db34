/**
 * What a share lets do: what it was made for, as far as its maker may do it and share it at this moment. Asked again with every change
 * of either, so that a share never outlives a right that its maker has lost. Pure; worker threads.
 */

import { isWithin, type Path, rootPath } from '@ferry/protocol';
import { type Right, type Rights, type Rule, rightsAt } from './rights.ts';

export type Reach = { readonly rights: Rights; readonly root: Path };

/** Rules for the share's root and every folder below it where either side's rights change. */
export function withinMaker(share: Reach, maker: Reach): Rights {
  const corners = [
    share.root,
    maker.root,
    ...share.rights.rules.map(({ path }) => path),
    ...maker.rights.rules.map(({ path }) => path),
  ].filter((path) => isWithin(share.root, path));
  const unique = new Map(corners.map((path) => [path.join('/'), path]));
  const rules = [...unique.values()].map((path): Rule => ({ path, rights: both(share, maker, path) }));
  // Outside of its root nobody asks; if somebody did, the answer would be no. The role that may not chat either: who came is nobody's user.
  return { role: 'uploader', rules: [{ path: rootPath, rights: new Set() }, ...rules] };
}

function both(share: Reach, maker: Reach, path: Path): ReadonlySet<Right> {
  const makers = rightsAt(maker.rights, path);
  if (!makers.has('share') || !isWithin(maker.root, path)) return new Set();
  return new Set([...rightsAt(share.rights, path)].filter((right) => right !== 'share' && makers.has(right)));
}
