/** What a terminal is asked is answered before anybody else reads from it. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { TerminalAnswer } from '../../../packages/tui/src/view/decode-input.ts';
import { TerminalInput } from '../../../packages/tui/src/view/terminal-input.ts';

function onATerminal(t: TestContext): { input: TerminalInput; type: (text: string) => void } {
  const keys = Object.assign(new PassThrough(), { setRawMode: () => keys });
  const input = new TerminalInput(
    keys as unknown as NodeJS.ReadStream,
    new PassThrough() as unknown as NodeJS.WriteStream,
  );
  input.take();
  t.after(() => input.give());
  return { input, type: (text) => keys.write(text) };
}

/** Whether it has settled when all that can happen now has happened. */
async function isSettled(input: TerminalInput): Promise<boolean> {
  let is = false;
  void input.settled().then(() => {
    is = true;
  });
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
  return is;
}

test('an answer that comes late was typed into an editor: the terminal is given away when the last one is there', async (t) => {
  const { input, type } = onATerminal(t);
  assert.ok(await isSettled(input), 'nothing was asked');
  const heard: TerminalAnswer['kind'][] = [];
  input.ask(({ kind }) => heard.push(kind));
  assert.ok(!(await isSettled(input)));
  type('\x1b[6;18;9t');
  assert.ok(!(await isSettled(input)));
  type('\x1b[?1;2c');
  await input.settled();
  assert.deepEqual(heard, ['cell-size', 'features']);
  input.askCells();
  assert.ok(!(await isSettled(input)), 'asked again');
  type('\x1b[?1;2c');
  await input.settled();
});

test('a terminal that never answers is waited for a second', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { input } = onATerminal(t);
  input.ask(() => {});
  t.mock.timers.tick(999);
  assert.ok(!(await isSettled(input)));
  t.mock.timers.tick(1);
  assert.ok(await isSettled(input));
});

test('nothing is asked of a terminal that somebody else has', async (t) => {
  const { input } = onATerminal(t);
  input.give();
  input.ask(() => {});
  assert.ok(await isSettled(input));
});
