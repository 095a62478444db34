/**
 * One large file copied inside of the server, on a disk: how long it takes beside cp, what crosses the line meanwhile, how often one
 * hears how far it is, and how soon nothing of it is left when it is stopped. Part of the bench server-work; main thread.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copy, Existing } from '@ferry/protocol/messages';
import { parseAddress } from '@ferry/protocol/session';
import { logInto } from '../support/client.ts';
import { countingProxy } from '../support/counting-proxy.ts';
import { path } from '../support/scratch.ts';
import { startFerry } from './ferry.ts';
import { ms, must, type Row } from './measure.ts';

const bytes = 5e9;
/** The file and a copy of it, and something for everybody else. */
const neededBytes = 2 * bytes + 4e9;

function plant(file: string): void {
  const noise = randomBytes(50e6);
  const fd = openSync(file, 'wx');
  for (let at = 0; at < bytes; at += noise.length) writeSync(fd, noise);
  fsyncSync(fd);
  closeSync(fd);
}

function isGone(shared: string): boolean {
  const part = join(shared, '.ferry/part');
  return !existsSync(join(shared, 'copy')) && (!existsSync(part) || readdirSync(part).length === 0);
}

/** A disk that is too small for it is a row that says so. */
export async function copyLargeFile(): Promise<readonly Row[]> {
  const { bavail, bsize } = statfsSync(tmpdir());
  if (bavail * bsize < neededBytes) {
    const goal = `needs ${Math.ceil(neededBytes / 1e9)} GB free in ${tmpdir()}`;
    return [{ what: 'copy of a 5 GB file: SKIPPED', ours: '', peer: '', ratio: '', goal }];
  }
  const shared = mkdtempSync(join(tmpdir(), 'ferry-bench-'));
  const ferry = await startFerry(shared);
  const after: (() => void)[] = [];
  try {
    plant(join(shared, 'large'));
    const cp = await must('cp', ['--reflink=auto', join(shared, 'large'), join(shared, 'peer')]);
    rmSync(join(shared, 'peer'));
    const proxy = await countingProxy(
      { after: (done) => after.push(done) },
      parseAddress(ferry.address).port,
    );
    const { channel } = await logInto({ host: '127.0.0.1', port: proxy.port });
    const order = { from: path('large'), to: path('copy'), existing: Existing.fail, expected: undefined };
    const before = proxy.bytes();
    let longestMs = 0;
    let toldMs = performance.now();
    const beganMs = toldMs;
    const onPart = (): void => {
      const now = performance.now();
      longestMs = Math.max(longestMs, now - toldMs);
      toldMs = now;
    };
    await channel.call(copy, order, { onPart });
    const seconds = (performance.now() - beganMs) / 1000;
    const crossed = proxy.bytes() - before;
    rmSync(join(shared, 'copy'));
    const controller = new AbortController();
    const stopped = channel
      .call(copy, order, {
        signal: controller.signal,
        onPart: (part) => {
          if (part.bytes > bytes / 3) controller.abort();
        },
      })
      .then(
        () => Number.NaN,
        () => performance.now(),
      );
    await new Promise((resolve) => controller.signal.addEventListener('abort', resolve, { once: true }));
    const abortedMs = performance.now();
    await stopped;
    while (!isGone(shared)) await new Promise((resolve) => setTimeout(resolve, 5));
    const goneMs = performance.now() - abortedMs;
    channel.close();
    return [
      {
        what: 'copy of a 5 GB file / cp',
        ours: ms(seconds),
        peer: ms(cp.seconds),
        ratio: (seconds / cp.seconds).toFixed(2),
        goal: '',
      },
      { what: 'bytes over the line meanwhile', ours: `${crossed}`, peer: '', ratio: '', goal: '< 100,000' },
      {
        what: 'longest time without a word of how far it is',
        ours: ms(longestMs / 1000),
        peer: '',
        ratio: '',
        goal: '< 1 s',
      },
      {
        what: 'stopped in the middle: until nothing of it is left',
        ours: ms(goneMs / 1000),
        peer: '',
        ratio: '',
        goal: '< 1 s',
      },
    ];
  } finally {
    for (const done of after) done();
    await ferry.stop();
    rmSync(shared, { recursive: true, force: true });
  }
}
