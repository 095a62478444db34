export * from './block.ts';
export * from './block-pool.ts';
export * from './chunk-list.ts';
export * from './chunker.ts';
export * from './delta.ts';
export * from './digest.ts';
export * from './squeeze.ts';
export * from './zeros.ts';
