/**
 * A room with 1,000 people in it, each on a session of their own over real TLS, in which 5 lines a second are said: how long a line takes to
 * each of them, and what a member costs the server. All of them are played by this one process, which is measured along with it.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { join, RoomKind, type ServerEvent, say } from '@ferry/protocol/messages';
import { parseAddress } from '@ferry/protocol/session';
import { logInto, type TestSession } from '../support/client.ts';
import { startFerry } from './ferry.ts';
import { type Bench, ms } from './measure.ts';

const members = 1000;
const lines = 100;
/** As much as one account may say. */
const perSecond = 5;
const together = 20;

export const chat: Bench = {
  name: 'chat',
  run: async () => {
    const shared = mkdtempSync('/dev/shm/ferry-bench-');
    const ferry = await startFerry(shared);
    const where = parseAddress(ferry.address);
    const tookMs: number[] = [];
    /** Told without its text, as its member had not taken what came before. */
    let late = 0;
    const onEvent = (event: ServerEvent): void => {
      if (event.kind !== 'chat') return;
      if (event.message?.text === undefined) late += 1;
      else tookMs.push(performance.now() - Number(event.message.text));
    };
    const all: TestSession[] = [];
    try {
      const first = await logInto(where, {}, { onEvent });
      const room = { kind: RoomKind.open, name: 'crew', create: true, sealing: undefined };
      const joined = await first.channel.call(join, room);
      all.push(first);
      const idle = ferry.serverRss();
      while (all.length < members) {
        const some = await Promise.all(
          Array.from({ length: Math.min(together, members - all.length) }, async () => {
            const session = await logInto(where, {}, { onEvent });
            await session.channel.call(join, { ...room, create: false });
            return session;
          }),
        );
        all.push(...some);
      }
      const full = ferry.serverRss();
      for (let i = 0; i < lines; i++) {
        const text = String(performance.now());
        const id = randomBytes(16);
        await first.channel.call(say, {
          room: joined.room,
          id,
          text,
          path: undefined,
          sealed: undefined,
        });
        await pause(1000 / perSecond);
      }
      for (let i = 0; i < 50 && tookMs.length + late < members * lines; i++) await pause(100);
      tookMs.sort((a, b) => a - b);
      const at = (share: number): number => (tookMs[Math.floor(tookMs.length * share)] ?? Number.NaN) / 1000;
      const row = { peer: '', ratio: '' };
      return [
        {
          ...row,
          what: `a line to ${members} in one room, ${perSecond} a second, p99`,
          ours: ms(at(0.99)),
          peer: `median ${ms(at(0.5))}`,
          goal: '< 250 ms',
        },
        {
          ...row,
          what: 'lines that arrived, of those said',
          ours: `${tookMs.length} of ${members * lines}`,
          peer: late === 0 ? '' : `${late} told without their text`,
          goal: 'all',
        },
        {
          ...row,
          what: `server memory, ${members} members of a room`,
          ours: `${Math.round(ferry.serverRss())} MiB`,
          peer: `idle ${Math.round(idle)} MiB, before a word ${Math.round(full)} MiB`,
          goal: '< 400 MiB',
        },
      ];
    } finally {
      for (const { channel } of all) channel.close();
      await ferry.stop();
      rmSync(shared, { recursive: true, force: true });
    }
  },
};
