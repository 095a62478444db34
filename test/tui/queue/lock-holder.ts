/** Takes the mover's lock, says so, and keeps it until it is killed. Argument: the queue's file. */

import { MoverLock } from '../../../packages/tui/src/queue/mover-lock.ts';

const lock = MoverLock.take(process.argv[2] ?? '');
process.stdout.write(lock === undefined ? 'no\n' : 'yes\n');
setInterval(() => {}, 1000);
