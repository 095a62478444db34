export * from './link.ts';
export * from './memory.ts';
export * from './socket.ts';
