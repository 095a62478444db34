/** Which files are archives that can be listed, by their names. Pure; UI thread. */

import type { Name } from '@ferry/protocol';

export type ArchiveFormat = 'zip' | 'tar' | 'tar.gz' | 'tar.zst';

const endings: readonly (readonly [RegExp, ArchiveFormat])[] = [
  [/\.(?:zip|jar|apk|epub|odt|ods|docx|xlsx|pptx|whl)$/i, 'zip'],
  [/\.tar$/i, 'tar'],
  [/\.(?:tar\.gz|tgz)$/i, 'tar.gz'],
  [/\.(?:tar\.zst|tzst)$/i, 'tar.zst'],
];

export function archiveFormat(name: Name | undefined): ArchiveFormat | undefined {
  if (name === undefined) return undefined;
  return endings.find(([ending]) => ending.test(name))?.[1];
}
