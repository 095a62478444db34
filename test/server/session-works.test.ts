/** Long work against a client that is slow, silent or gone. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Code, FerryError, nameFromText } from '@ferry/protocol';
import type { Work } from '@ferry/protocol/disk';
import type { TreeProgress } from '@ferry/protocol/messages';
import type { ServerCall } from '@ferry/protocol/session';
import { SessionWorks, treeParts } from '../../packages/server/src/session/works.ts';
import { Transfers } from '../../packages/server/src/worker/transfers.ts';
import { withCode } from '../support/code.ts';

type Client = {
  readonly call: ServerCall<TreeProgress>;
  readonly parts: TreeProgress[];
  readonly leave: (error?: FerryError) => void;
  takes: boolean;
  readonly read: () => void;
};

function client(): Client {
  const controller = new AbortController();
  const parts: TreeProgress[] = [];
  let waiting = Promise.withResolvers<void>();
  const self: Client = {
    parts,
    takes: true,
    leave: (error) => {
      controller.abort(error);
      // Nobody may be waiting just now.
      waiting.promise.catch(() => {});
      waiting.reject(error ?? new FerryError(Code.CANCELLED, 'cancelled'));
    },
    read: () => {
      waiting.resolve();
      waiting = Promise.withResolvers();
    },
    call: {
      id: 1,
      signal: controller.signal,
      part: (part) => {
        parts.push(part);
        return self.takes;
      },
      block: () => true,
      ready: () => waiting.promise,
    },
  };
  return self;
}

/** Fails at every step, so that there is always something to tell. */
async function endless(work: Work): Promise<void> {
  for (;;) {
    work.fail([nameFromText('x')], new FerryError(Code.NOT_FOUND, 'gone'));
    work.files += 1;
    const turn = work.turn();
    if (turn !== undefined) await turn;
  }
}

describe('long work', () => {
  it('waits for a client that does not read, and ends when that is given up', async () => {
    const works = new SessionWorks(new Transfers());
    const silent = client();
    silent.takes = false;
    let now: Work | undefined;
    const running = works.run(silent.call, treeParts, (work) => {
      now = work;
      return endless(work);
    });
    while (silent.parts.length === 0) await nextTurn();
    const files = now?.files;
    for (let i = 0; i < 50; i++) await nextTurn();
    assert.deepEqual([now?.files, silent.parts.length], [files, 1], 'it went on without being read');
    silent.read();
    while (silent.parts.length < 10) {
      silent.read();
      await nextTurn();
    }
    assert.ok((now?.files ?? 0) > (files ?? 0));
    silent.leave(new FerryError(Code.TIMEOUT, 'the other side takes nothing'));
    await assert.rejects(running, withCode('TIMEOUT'));
  });

  it('is not begun on a server that goes down, and holds that up only while it goes on', async () => {
    const transfers = new Transfers();
    const works = new SessionWorks(transfers);
    const one = client();
    const running = works.run(one.call, treeParts, endless);
    transfers.goDown();
    assert.equal(transfers.isIdle(performance.now()), false);
    await assert.rejects(works.run(client().call, treeParts, endless), withCode('SHUTTING_DOWN'));
    one.leave();
    await assert.rejects(running, withCode('CANCELLED'));
    assert.equal(transfers.isIdle(performance.now()), true);
  });
});
