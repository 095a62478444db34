/** The bus between the threads of a process: its contract, and that two threads of a real server hear one another. */

import { busSuite } from '../suites/bus.suite.ts';
import { threadNet } from '../support/thread-bus.ts';

busSuite('threads', threadNet);
