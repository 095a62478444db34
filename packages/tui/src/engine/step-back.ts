/**
 * Lets the screen's thread go first: this thread, and those of the process that read and write files for it, get less of the
 * processor where it is scarce. I/O thread, once, at its start.
 */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { getPriority, setPriority } from 'node:os';

/** Added to the nice value that the program was started with. */
export const niceness = 5;
const mostNice = 19;

/** As libuv names them. There are as many as UV_THREADPOOL_SIZE says, all made when the first is needed. */
const poolThread = 'libuv-worker';

/**
 * On Linux each thread has a priority of its own. Elsewhere, or where it is not permitted, keys compete with transfers as equals.
 * This thread has stepped back when it returns, the others when it resolves; never rejects.
 */
export async function stepBack(): Promise<void> {
  const own = attempt(() => Number(readlinkSync('/proc/thread-self').split('/').at(-1)));
  if (own === undefined) return;
  const nice = Math.min(mostNice, (attempt(() => getPriority(process.pid)) ?? 0) + niceness);
  attempt(() => setPriority(own, nice));
  // The pool is there after its first work. Mostly the screen's thread had it made, so it has that one's priority.
  await stat('/proc/self').catch(() => {});
  for (const thread of attempt(() => readdirSync('/proc/self/task')) ?? [])
    attempt(() => {
      const name = readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim();
      if (name === poolThread) setPriority(Number(thread), nice);
    });
}

/** Undefined where the system does not let it, or has none of it. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return undefined;
  }
}
