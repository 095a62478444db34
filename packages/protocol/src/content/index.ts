export * from './block.ts';
export * from './block-pool.ts';
export * from './digest.ts';
