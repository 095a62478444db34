/**
 * `ferryd DIR --watch`: the screen of this server, as a process of its own on the same terminal. What goes wrong there costs the
 * screen, not the server. Main thread.
 */

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { screenEndsServer } from './exit-code.ts';

/** How the screen ended: left by its user, who wants the server ended too or not, or by itself. */
export type ScreenEnd = 'left' | 'end-server' | 'broken';

/** Resolves when it has given the terminal back. */
export function runScreen(pid: number): Promise<ScreenEnd> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'status', '--watch', '--pid', `${pid}`], { stdio: 'inherit' });
  return new Promise((resolve) => {
    child.once('error', () => resolve('broken'));
    child.once('exit', (code) =>
      resolve(code === 0 ? 'left' : code === screenEndsServer ? 'end-server' : 'broken'),
    );
  });
}
