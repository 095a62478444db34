/** One file per message; this is the list of them. */
export * from './attach.ts';
export * from './block.ts';
export * from './commit.ts';
export * from './create.ts';
export * from './discard.ts';
export * from './event.ts';
export * from './facts.ts';
export * from './failure.ts';
export * from './hello.ts';
export * from './list.ts';
export * from './mkdir.ts';
export * from './read.ts';
export * from './remove.ts';
export * from './rename.ts';
export * from './space.ts';
export * from './stat.ts';
export * from './ticket.ts';
