/** Public door: files of one root folder on this machine's disk, confined to it. For I/O threads of both programs. */

export { archiveTree, type Sink } from './archive-tree.ts';
export { checkHome, checkOthersIn, checkPrivateFile, checkSync } from './check-files.ts';
export { collectTrees, treeAgeMs } from './collect-trees.ts';
export { copyTree } from './copy-tree.ts';
export { entryOf, factsOf } from './facts.ts';
export { fetchPack, PackRoom, type PackSource } from './fetch-pack.ts';
export { FolderSync } from './folder-sync.ts';
export type { WatchedPlace } from './folder-watch.ts';
export { FolderWatches, type FolderWatchesOpts } from './folder-watches.ts';
export type { GraftSpec } from './graft.ts';
export { list, type PageOpts } from './list.ts';
export { moveTree } from './move-tree.ts';
export { OpenFile, openRead } from './open-file.ts';
export {
  makeLink,
  mkdir,
  readLink,
  remove,
  rename,
  setFacts,
  space,
  stat,
  syncNames,
  takenIn,
} from './operations.ts';
export { ownerOf, setOwner } from './owner.ts';
export { removeTree } from './remove-tree.ts';
export { Root, type RootOpts } from './root.ts';
export { syncShared } from './shared-syncs.ts';
export { StagedFile } from './staged-file.ts';
export type { Committed, StagedFileSpec } from './staged-file-spec.ts';
export { partialAgeMs, Staging, type StagingOpts } from './staging.ts';
export { type PackFile, type PackResult, type PackSpec, storePack } from './store-pack.ts';
export { findIn, type Hit, type Rows, type SumRow, sumTree, type UsageRow, usageOf } from './survey.ts';
export type { TargetRule } from './target.ts';
export { Trash } from './trash.ts';
export type { Trashed } from './trash-folder.ts';
export { trashAgeMs, trashEntries, trashToDrop } from './trash-policy.ts';
export { type UnpackSpec, unpackTree } from './unpack-tree.ts';
export { entryIn, isStagingName, watchedPlace } from './watched-place.ts';
export { Work, type WorkFailure, type WorkOpts } from './work.ts';
