export * from './frame.ts';
export * from './kinds.ts';
export * from './msgpack.ts';
export * from './operation.ts';
export * from './shape.ts';
