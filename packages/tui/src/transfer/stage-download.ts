/** The staged file of a download: the one that an earlier attempt left, or a fresh one. Called by incoming.ts; I/O thread. */

import type { Facts } from '@ferry/protocol';
import { type StagedFile, Staging } from '@ferry/protocol/disk';
import type { TransferContext } from './context.ts';
import type { DownloadSpec } from './download.ts';
import type { OwnId } from './own-id.ts';
import { transferIdOf } from './transfer-id.ts';

/** `expected`: identity of what may be replaced; `ownId` takes the transfer's id. @throws {FerryError} as Staging.create */
export function stageDownload(
  { root, source, target }: DownloadSpec,
  { size, modified, mode, identity, sparse = false }: Facts,
  { placing, writesBeside = 1, tag = '' }: Pick<TransferContext, 'placing' | 'writesBeside' | 'tag'>,
  { expected, ownId }: { readonly expected: string | undefined; readonly ownId: OwnId },
): StagedFile {
  const staging = new Staging(root, { writesBeside });
  const spec = {
    transferId: ownId.take(root.id, transferIdOf({ direction: 'download', identity, source, target })),
    target,
    size,
    modified,
    mode,
    source: identity,
    sparse,
    tag,
    existing: placing.existing,
    ...(expected === undefined ? {} : { expected }),
  };
  return staging.reopen(spec, 'resume') ?? staging.create(spec);
}
