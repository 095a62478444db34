/**
 * A whole connection of the server, in this process, fed with what nobody honest sends: as a stranger, in a session, on a lane.
 * It answers or ends; nothing is thrown but FerryErrors, nothing takes long, nothing takes much.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { limits, nameFromText, rootPath } from '@ferry/protocol';
import { hello, stat } from '@ferry/protocol/messages';
import { frameHeaderBytes, Kind } from '@ferry/protocol/wire';
import type { ConnectionContext } from '../../packages/server/src/session/connection.ts';
import { MemoryStorage } from '../../packages/server/src/storage/memory.ts';
import { helloFor } from '../support/client.ts';
import { bombs, framed, mutate, vectorFrames } from '../support/hostile-frames.ts';
import { connectTo, laneOn, type Served, serverContext, sessionOn } from '../support/in-process.ts';
import { Meter } from '../support/meter.ts';
import { randomFrom, runs, seed } from '../support/random.ts';
import { scratchFolder } from '../support/scratch.ts';

/** The most that one frame may cost. */
const most = { ms: 5, bytes: 8 * 1024 * 1024 };
const requestKinds = Object.values(Kind).filter((kind) => kind !== Kind.block);

let context: ConnectionContext;
const tidy: (() => void)[] = [];
before(() => {
  const folder = scratchFolder({ after: (fn) => tidy.push(fn) });
  context = serverContext(folder, new MemoryStorage({ capacity: 2 ** 24 }));
});
after(() => {
  for (const one of tidy) one();
});

const connect = (meter: Meter): Served => connectTo(context, { onServerLink: (link) => meter.watch(link) });

/** How far a connection has come when the frames begin. */
const phases: Record<string, (meter: Meter) => Promise<Served>> = {
  'a stranger': async (meter) => connect(meter),
  'a session': async (meter) => {
    const served = connect(meter);
    await served.client.call(hello, helloFor(served.link, {}));
    return served;
  },
  'a lane': async (meter) => {
    const session = await sessionOn(context);
    const served = await laneOn(context, session, { onServerLink: (link) => meter.watch(link) });
    session.client.close();
    return served;
  },
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The least that it costs of several tries: once, the collector or another program may have been in the way. */
async function costOf(phase: (meter: Meter) => Promise<Served>, frame: Buffer): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    const meter = new Meter();
    const { link, client } = await phase(meter);
    link.send(frame);
    await turn();
    await turn();
    least = Math.min(least, meter.last.ms);
    client.close();
  }
  return least;
}

describe('whatever arrives at the server', () => {
  for (const [who, phase] of Object.entries(phases)) {
    test(`from ${who}: no crash, no long work, no large memory (PROT-05, PROT-08, PROT-10, PROT-11, PROT-13, PROT-14)`, async (t) => {
      t.diagnostic(`seed: ${seed}`);
      const random = randomFrom(seed);
      const meter = new Meter();
      const total = runs(34_000);
      const slow: Buffer[] = [];
      let dearest = 0;
      let served = await phase(meter);
      let connections = 1;
      for (let i = 0; i < total; i++) {
        if (served.isOver() || served.client.ended !== undefined) {
          served = await phase(meter);
          connections += 1;
        }
        const from = vectorFrames[random(vectorFrames.length)] ?? Buffer.alloc(0);
        const other = vectorFrames[random(vectorFrames.length)] ?? Buffer.alloc(0);
        const body = mutate(random, from.subarray(frameHeaderBytes), other.subarray(frameHeaderBytes));
        const kind =
          random(4) > 0 ? (from[4] ?? 0) : (requestKinds[random(requestKinds.length)] ?? random(256));
        const frame = framed(random, kind, random(50) === 0 ? random(3) : 1000 + i, body);
        served.link.send(frame);
        await turn();
        if (meter.last.ms > most.ms) slow.push(frame);
        else dearest = Math.max(dearest, meter.last.ms);
      }
      for (const frame of slow) {
        const ms = await costOf(phase, frame);
        assert.ok(ms <= most.ms, frame.toString('hex'));
        dearest = Math.max(dearest, ms);
      }
      assert.ok(meter.worstBytes <= most.bytes, `${meter.worstBytes} bytes`);
      t.diagnostic(
        `count: ${total} mutated frames over ${connections} connections, crashes 0; the dearest took ` +
          `${dearest.toFixed(1)} ms and ${(meter.worstBytes / 1024).toFixed(0)} KiB`,
      );
      served.client.close();
    });
  }

  test('bombs cost no more than honest frames (PROT-05, PROT-06, PROT-07, PROT-09, PROT-12)', async (t) => {
    const meter = new Meter();
    const phase = phases['a session'];
    assert.ok(phase);
    let dearest = 0;
    for (const [name, body] of bombs()) {
      for (const kind of [Kind.list, Kind.stat, Kind.rename]) {
        const served = await phase(meter);
        served.link.send(framed(() => 1, kind, 7, body));
        await turn();
        await turn();
        const ms =
          meter.last.ms > most.ms
            ? await costOf(
                phase,
                framed(() => 1, kind, 7, body),
              )
            : meter.last.ms;
        dearest = Math.max(dearest, ms);
        assert.ok(ms <= most.ms, `${name}: ${ms} ms`);
        assert.ok(meter.last.bytes <= most.bytes, `${name}: ${meter.last.bytes} bytes`);
        served.client.close();
      }
    }
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    t.diagnostic(
      `count: the dearest bomb took ${dearest.toFixed(1)} ms and ${(meter.worstBytes / 1024).toFixed(0)} KiB`,
    );
  });

  test('a million bytes of tiny frames in one piece are taken in order, and none is lost (PROT-29)', async () => {
    const served = await (phases['a session'] as (meter: Meter) => Promise<Served>)(new Meter());
    const pings = Buffer.alloc(Math.ceil(2 ** 20 / frameHeaderBytes) * frameHeaderBytes);
    for (let at = 0; at < pings.length; at += frameHeaderBytes) {
      pings.writeUInt32BE(frameHeaderBytes - 4, at);
      pings.writeUInt8(Kind.ping, at + 4);
      pings.writeUInt32BE(1, at + 5);
    }
    served.link.send(pings);
    const { facts } = await served.client.call(stat, { path: rootPath });
    assert.equal(facts.name, nameFromText('~'));
    served.client.close();
  });

  test('a frame of 4 GiB is refused on its header (PROT-01)', async () => {
    for (const phase of Object.values(phases)) {
      const meter = new Meter();
      const served = await phase(meter);
      const header = Buffer.alloc(frameHeaderBytes);
      header.writeUInt32BE(0xffff_ffff, 0);
      header.writeUInt8(Kind.list, 4);
      served.link.send(header);
      while (!served.isOver()) await turn();
      assert.ok(meter.last.bytes < limits.controlFrameBytes);
    }
  });
});
