/** Public door: what both ends must agree on, pure and cheap to load. */
export * from './display.ts';
export * from './entry.ts';
export * from './errors.ts';
export * from './find-query.ts';
export * from './finding.ts';
export * from './folder-news.ts';
export * from './glob.ts';
export * from './limits.ts';
export * from './link-target.ts';
export * from './owner.ts';
export * from './path.ts';
export * from './room-name.ts';
