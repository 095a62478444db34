/** Public door: files of one root folder on this machine's disk, confined to it. For I/O threads of both programs. */
export { FolderSync } from './folder-sync.ts';
export { list, type PageOpts } from './list.ts';
export { OpenFile, openRead } from './open-file.ts';
export { mkdir, remove, rename, space, stat } from './operations.ts';
export { Root, type RootOpts } from './root.ts';
export { type Committed, StagedFile, type StagedFileSpec } from './staged-file.ts';
export { Staging, type StagingOpts } from './staging.ts';
export type { TargetRule } from './target.ts';
