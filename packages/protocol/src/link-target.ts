/** Where symlinks lead, by their text alone. Pure; both ends. */

import type { Path } from './path.ts';

/**
 * Whether a symlink at `link` that holds `target` leads to something below the root that `link` is counted from, as far as its
 * text says: not an absolute path, and never above that root on its way. `target` is a byte string.
 */
export function linkStaysInside(link: Path, target: string): boolean {
  if (target.startsWith('/')) return false;
  let depth = link.length - 1;
  for (const name of target.split('/')) {
    if (name === '' || name === '.') continue;
    depth += name === '..' ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}
