export * from '@ferry/protocol/terminal/char-cells';
