/** How one is told that the queue is done. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { show } from '@ferry/protocol';
import { notify } from '@ferry/tui/effects/notify';
import { eventually } from '../../e2e/terminal.ts';
import { scratchFolder } from '../../support/scratch.ts';

function written(env: NodeJS.ProcessEnv, text: string): string {
  let output = '';
  notify(show(text), {
    env,
    write: (piece) => {
      output += piece;
    },
  });
  return output;
}

test('by the terminal: a bell and two kinds of notification, which hold nothing of their own', () => {
  assert.equal(
    written({ TERM: 'xterm' }, 'a;b \x1b]0;x\x07'),
    '\x07\x1b]9;ferry: a,b \\e]0,x\\u{7}\x07\x1b]777;notify;ferry;a,b \\e]0,x\\u{7}\x07',
  );
  assert.equal(written({ TERM: 'linux' }, 'done'), '\x07');
  assert.equal(written({ TERM: 'xterm', FERRY_NOTIFY: 'bell' }, 'done'), '\x07');
  assert.equal(written({ TERM: 'xterm', FERRY_NOTIFY: 'off' }, 'done'), '');
});

test('by a command of one’s own, which the words cannot add to', async (t) => {
  const folder = scratchFolder(t);
  const file = join(folder, 'told');
  const words = "3 jobs are done; touch 'x' $(touch y)";
  const env = { ...process.env, FERRY_NOTIFY: `printf '%s' > '${file}'` };
  assert.equal(written(env, words), '');
  await eventually('the command to have run', () => {
    try {
      return readFileSync(file, 'utf8') === words;
    } catch {
      return false;
    }
  });
});
