/** What a peer that asks and never listens can make a frame link hold (PROT-16, PROT-17). */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { memoryLinks } from '@ferry/protocol/link';
import { FrameLink } from '@ferry/protocol/session';
import { encodeFrame, frameHeaderBytes, Kind } from '@ferry/protocol/wire';

/** Long enough for everything that may move between memory links to have moved. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 1000; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('a frame link', () => {
  it('stops reading from a peer that takes no answers, and goes on when it does (PROT-16, PROT-17)', async () => {
    const { a, b } = memoryLinks();
    const answer = Buffer.alloc(60_000);
    const served = new FrameLink(b, {
      pool: new BlockPool(),
      pings: false,
      controlLimit: () => limits.controlFrameBytes,
      blocksWelcome: () => false,
      onFrame: (_kind, id) => {
        served.send(Kind.reply, id, answer);
      },
      onBlock: () => {},
      onEnd: () => {},
    });
    let answeredBytes = 0;
    a.start({
      onData: (bytes) => {
        answeredBytes += bytes.length;
      },
      onDrain: () => {},
      onEnd: () => {},
    });
    a.pause();
    const questions = 400;
    for (let id = 1; id <= questions; id++) a.send(encodeFrame(Kind.stat, id, Buffer.alloc(0)));
    await settle();
    const held = b.bufferedBytes;
    assert.ok(held < 8 * limits.linkBufferBytes, `it holds ${held} bytes for a peer that takes none`);
    a.resume();
    await settle();
    assert.equal(answeredBytes, questions * (frameHeaderBytes + answer.length));
    served.close();
  });
});
