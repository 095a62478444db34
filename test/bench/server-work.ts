/**
 * What the server does with its own files: a search of a million of them, its first hit and how long others wait meanwhile; a copy of
 * 20,000 beside cp. Files are in memory, so that the disk is not what is measured; but for the one large file, see server-copy.ts.
 */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { anyEntry, limits } from '@ferry/protocol';
import {
  copy,
  Existing,
  type Find,
  find,
  removeTree,
  stat,
  usage as usageMessage,
} from '@ferry/protocol/messages';
import { parseAddress } from '@ferry/protocol/session';
import { logInto } from '../support/client.ts';
import { path } from '../support/scratch.ts';
import { startFerry } from './ferry.ts';
import { type Bench, ms, must, type Row } from './measure.ts';
import { copyLargeFile } from './server-copy.ts';

const manyFiles = 1_000_000;
const perFolder = 1000;
const copiedFiles = 20_000;

function plant(folder: string, files: number, content: Buffer): void {
  for (let i = 0; i < files; i++) {
    const inside = `${folder}/${Math.floor(i / perFolder)}`;
    if (i % perFolder === 0) mkdirSync(inside, { recursive: true });
    writeFileSync(`${inside}/file-${i}.txt`, content);
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const sinceMs = performance.now();
  await work();
  return (performance.now() - sinceMs) / 1000;
}

export const serverWork: Bench = {
  name: 'server-work',
  run: async () => {
    const shared = mkdtempSync('/dev/shm/ferry-bench-');
    const ferry = await startFerry(shared);
    const rows: Row[] = [];
    try {
      plant(`${shared}/many`, manyFiles, Buffer.alloc(0));
      plant(`${shared}/some`, copiedFiles, Buffer.alloc(4096, 'x'));
      const where = parseAddress(ferry.address);
      const { channel } = await logInto(where);
      const other = await logInto(where);
      const query: Find = {
        ...anyEntry,
        path: path('many'),
        most: limits.findHits,
        name: '*99999.txt',
      };
      let firstHit = Number.NaN;
      const waits: number[] = [];
      const beganMs = performance.now();
      let isOver = false;
      const searching = timed(() =>
        channel.call(
          find,
          { ...query, name: '*9.txt' },
          {
            onPart: ({ rows: hits }) => {
              if (hits.length > 0 && Number.isNaN(firstHit)) firstHit = (performance.now() - beganMs) / 1000;
            },
          },
        ),
      );
      await searching;
      const whole = timed(() => channel.call(find, query)).finally(() => {
        isOver = true;
      });
      while (!isOver) waits.push(await timed(() => other.channel.call(stat, { path: path('some') })));
      const found = await must('find', [`${shared}/many`, '-name', '*99999.txt']);
      const seconds = await whole;
      waits.sort((a, b) => a - b);
      const p99 = waits[Math.floor(waits.length * 0.99)] ?? Number.NaN;
      const used = await timed(() => channel.call(usageMessage, { path: path('many') }));
      const du = await must('du', ['-s', `${shared}/many`]);
      const order = { from: path('some'), to: path('copy'), existing: Existing.fail, expected: undefined };
      const copied = await timed(() => channel.call(copy, order));
      const cp = await must('cp', ['-r', `${shared}/some`, `${shared}/peer`]);
      const removed = await timed(() => channel.call(removeTree, { path: path('copy') }));
      const rm = await must('rm', ['-r', `${shared}/peer`]);
      const add = (what: string, ours: number, peer: number | undefined, goal: string): void => {
        rows.push({
          what,
          ours: ms(ours),
          peer: peer === undefined ? '' : ms(peer),
          ratio: peer === undefined ? '' : (ours / peer).toFixed(2),
          goal,
        });
      };
      add('first hit in a million files', firstHit, undefined, '< 1 s');
      add('find in a million files / find', seconds, found.seconds, '');
      add('a stat of another session meanwhile, p99', p99, undefined, '< 20 ms');
      add('size of a million files / du', used, du.seconds, '');
      add('copy of 20,000 files / cp -r', copied, cp.seconds, '');
      add('removal of 20,000 files / rm -r', removed, rm.seconds, '');
      channel.close();
      other.channel.close();
    } finally {
      await ferry.stop();
      rmSync(shared, { recursive: true, force: true });
    }
    return [...rows, ...(await copyLargeFile())];
  },
};
