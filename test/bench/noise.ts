/** Files of bytes that nothing makes smaller, made quickly. For benches; main thread. */

import { randomFillSync } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';

const pieceBytes = 16 * 1024 * 1024;

export function writeNoise(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  const piece = randomFillSync(Buffer.alloc(pieceBytes));
  for (let written = 0; written < bytes; written += piece.length) {
    // No two pieces are alike.
    piece.writeUInt32BE(written / pieceBytes, 0);
    writeSync(fd, piece, 0, Math.min(pieceBytes, bytes - written));
  }
  closeSync(fd);
}
