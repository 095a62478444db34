/**
 * The server's memory while 64 clients download at once, each on a session and a lane of its own over real TLS.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { type FerryError, nameFromText } from '@ferry/protocol';
import { BlockPool } from '@ferry/protocol/content';
import { dial } from '@ferry/protocol/link';
import { attach, hello, Login, protocolVersion, read, ticket } from '@ferry/protocol/messages';
import { ClientChannel, laneProof, parseAddress } from '@ferry/protocol/session';
import { startFerry } from './ferry.ts';
import type { Bench } from './measure.ts';
import { writeNoise } from './noise.ts';

const clients = 64;
const blocksPerClient = 64;
const blocksPerRead = 8;

async function download(address: string, pool: BlockPool): Promise<void> {
  const { host, port } = parseAddress(address);
  const open = async (): Promise<ClientChannel> =>
    new ClientChannel(await dial({ host, port, check: () => {} }), { pool });
  const control = await open();
  const welcome = await control.call(hello, {
    version: protocolVersion,
    features: 0,
    client: 'bench',
    login: Login.open,
    token: undefined,
    deviceKey: undefined,
    signature: undefined,
  });
  const granted = await control.call(ticket, {});
  const lane = await open();
  const proof = laneProof(lane.link, welcome.sessionSecret);
  await lane.call(attach, { version: protocolVersion, ticket: granted.ticket, proof });
  const ranges = Array.from({ length: blocksPerClient / blocksPerRead }, (_, i) => i * blocksPerRead);
  await Promise.all(
    ranges.map((first) =>
      lane.call(read, { path: [nameFromText('noise')], identity: undefined, first, count: blocksPerRead }),
    ),
  );
  lane.close();
  control.close();
}

export const manyClients: Bench = {
  name: 'many-clients',
  run: async () => {
    const shared = mkdtempSync('/dev/shm/ferry-bench-');
    writeNoise(`${shared}/noise`, blocksPerClient * 1024 ** 2);
    const ferry = await startFerry(shared);
    let peak = 0;
    const idle = ferry.serverRss();
    const watch = setInterval(() => {
      peak = Math.max(peak, ferry.serverRss());
    }, 50);
    try {
      const pool = new BlockPool(clients * 4);
      const ended = await Promise.allSettled(
        Array.from({ length: clients }, () => download(ferry.address, pool)),
      );
      const failures = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason as FerryError] : []));
      if (failures[0] !== undefined) throw failures[0];
    } finally {
      clearInterval(watch);
      await ferry.stop();
      rmSync(shared, { recursive: true, force: true });
    }
    return [
      {
        what: `server memory, ${clients} clients downloading`,
        ours: `${Math.round(peak)} MiB`,
        peer: `idle ${Math.round(idle)} MiB`,
        ratio: '',
        goal: '< 400 MiB',
      },
    ];
  },
};
