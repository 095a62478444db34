/**
 * New lines of a simulated world, in the place of `dial` of link/socket.ts: as that one they ask each second, and give up after
 * ten. Where the near machine has no net at all it says so at once.
 */

import { Code, FerryError } from '@ferry/protocol';
import type { Link } from '@ferry/protocol/link';
import type { Network } from '../model/network.ts';
import { type Process, world } from '../world.ts';

export type Listener = {
  readonly network: Network;
  readonly server: Process;
  /** While the net is away. */
  readonly isUnreachable: () => boolean;
  readonly accept: (link: Link) => void;
};

let listener: Listener | undefined;

/** Who answers from now on. */
export function listen(here: Listener): void {
  listener = here;
}

/** What it costs to find out who is there, in round trips. */
const shakes = 2;
const againMs = 1000;
const patienceMs = 10_000;

export async function dial(opts: {
  readonly check: (spki: Buffer, names: string | undefined) => void;
  readonly signal?: AbortSignal;
}): Promise<Link> {
  const here = listener;
  if (here === undefined) throw new Error('nobody listens');
  const { network, server, accept } = here;
  const at = world();
  const client = at.current;
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void at.timer(resolve, ms));
  const failed = (code: Code, cause: string): FerryError =>
    new FerryError(code, 'nobody answers', { cause: Object.assign(new Error(cause), { code: cause }) });
  for (let ms = 0; network.isAway; ms += againMs) {
    if (here.isUnreachable()) throw failed(Code.CONNECT_FAILED, 'ENETUNREACH');
    if (ms >= patienceMs) throw failed(Code.TIMEOUT, 'ETIMEDOUT');
    await sleep(againMs);
    if (opts.signal?.aborted === true) throw new FerryError(Code.CANCELLED, 'cancelled');
  }
  await sleep(2 * shakes * network.manners.latencyMs);
  if (opts.signal?.aborted === true) throw new FerryError(Code.CANCELLED, 'cancelled');
  if (network.isAway) throw failed(Code.TIMEOUT, 'ETIMEDOUT');
  opts.check(Buffer.from('the server'), undefined);
  const { near, far } = network.connect(client, server);
  at.timer(() => accept(far), 0, { process: server });
  return near;
}

export function acceptTls(): never {
  throw new Error('lines of a simulated world come accepted');
}
