/** Public door: files of one root folder on this machine's disk, confined to it. For I/O threads of both programs. */

export { type FetchedPart, fetchPack } from './fetch-pack.ts';
export { FolderSync } from './folder-sync.ts';
export { list, type PageOpts } from './list.ts';
export { OpenFile, openRead } from './open-file.ts';
export { makeLink, mkdir, readLink, remove, rename, setFacts, space, stat } from './operations.ts';
export { Root, type RootOpts } from './root.ts';
export { StagedFile } from './staged-file.ts';
export type { Committed, StagedFileSpec } from './staged-file-spec.ts';
export { partialAgeMs, Staging, type StagingOpts } from './staging.ts';
export { type PackFile, type PackResult, type PackSpec, storePack } from './store-pack.ts';
export type { TargetRule } from './target.ts';
