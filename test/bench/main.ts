/**
 * `pnpm bench [NAME…]`: ferry beside its peers on this machine, in one run, as ratios. Peers that are not installed are
 * named and left out (Debian: openssh-server, mc, iperf3, rsync, nginx-light, curl, aria2, lftp). Prints a table.
 */

import { makeBundles } from '../tools/bundle.ts';
import { bigFile } from './big-file.ts';
import { bigFolder } from './big-folder.ts';
import { chat } from './chat.ts';
import { crowds } from './crowds.ts';
import { delta } from './delta.ts';
import { keys } from './keys.ts';
import { limits } from './limits.ts';
import { longLine } from './long-line.ts';
import { manyClients } from './many-clients.ts';
import type { Bench, Row } from './measure.ts';
import { serverWork } from './server-work.ts';
import { smallFiles } from './small-files.ts';
import { startUp } from './start-up.ts';
import { printTable } from './table.ts';

const benches: readonly Bench[] = [
  bigFile,
  smallFiles,
  delta,
  longLine,
  startUp,
  keys,
  bigFolder,
  manyClients,
  crowds,
  serverWork,
  chat,
  limits,
];
await makeBundles();
const chosen = process.argv.slice(2).filter((name) => name !== '--');
const rows: Row[] = [];
for (const bench of benches) {
  if (chosen.length > 0 && !chosen.includes(bench.name)) continue;
  process.stdout.write(`${bench.name}…\n`);
  rows.push(...(await bench.run()));
}
printTable(rows);
