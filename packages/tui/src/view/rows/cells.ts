export * from '@ferry/protocol/terminal/cells';
