/** Servers whose hubs are joined by bridges: over wires in memory that lose what a test wants, or over any other. Nothing beats by itself. */

import { randomBytes } from 'node:crypto';
import { Bridge, type BridgeOpts } from '../../packages/server/src/bus/bridge.ts';
import type { Bus } from '../../packages/server/src/bus/bus.ts';
import { BusHub } from '../../packages/server/src/bus/hub.ts';
import type { Wire, WireEars } from '../../packages/server/src/bus/wire.ts';
import type { BusNet } from '../suites/bus.suite.ts';
import { joinHub, type TestMember } from './thread-bus.ts';

export type TestServer = {
  readonly id: string;
  readonly hub: BusHub;
  readonly bridge: Bridge;
  /** Changes of whether it is reached, as told. */
  readonly reach: boolean[];
  /** Codes of what came that no server says. */
  readonly nonsense: string[];
  readonly join: () => TestMember;
  readonly wire: Wire;
  /** Without a word. */
  readonly kill: () => void;
  readonly isDead: boolean;
};

export type OpenWire = (id: string, ears: WireEars) => Promise<Wire> | Wire;

const subjectsAll = (): (() => void) => () => {};

export class ServerNet {
  readonly servers: TestServer[] = [];
  readonly #open: OpenWire;

  constructor(open: OpenWire) {
    this.#open = open;
  }

  async start(opts: Partial<BridgeOpts> = {}): Promise<TestServer> {
    const id = randomBytes(8).toString('hex');
    const hub = new BusHub();
    const reach: boolean[] = [];
    const nonsense: string[] = [];
    let next = 1;
    let isDead = false;
    const bridge = new Bridge({
      id,
      hub,
      checkOf: subjectsAll,
      about: () => new Uint8Array(),
      onReach: (isWhole) => reach.push(isWhole),
      onNonsense: (_, why) => nonsense.push(why.codeName),
      ...opts,
    });
    const wire = await this.#open(id, {
      onAll: (server, payload) => {
        if (!isDead) bridge.hear(server, payload);
      },
      onOwn: () => {},
      onMended: () => {
        if (!isDead) bridge.mended();
      },
    });
    const made: TestServer = {
      id,
      hub,
      bridge,
      reach,
      nonsense,
      wire,
      join: () => joinHub(hub, `${id}.worker-${next++}`),
      get isDead() {
        return isDead;
      },
      kill: () => {
        isDead = true;
        void wire.close();
      },
    };
    this.servers.push(made);
    bridge.begin(wire);
    return made;
  }

  /** Every server that lives says that it is there. */
  beat(): void {
    for (const { bridge, isDead } of this.servers) if (!isDead) bridge.beat();
  }

  done(): void {
    for (const { bridge, wire } of this.servers) {
      bridge.close();
      void wire.close();
    }
  }
}

/** Each member is a server of its own. @param beatMs so long that a busy machine makes none of them seem gone */
export function netOfServers(open: OpenWire, beatMs = 20): BusNet {
  const net = new ServerNet(open);
  const members = new Map<string, { readonly member: TestMember; readonly server: TestServer }>();
  const of = ({ member }: Bus): { member: TestMember; server: TestServer } =>
    members.get(member) as { member: TestMember; server: TestServer };
  let isDone = false;
  // Time goes by, so that it is noticed who is gone.
  let beats: NodeJS.Timeout | undefined;
  return {
    join: async () => {
      beats ??= setInterval(() => net.beat(), beatMs);
      const server = await net.start();
      const member = server.join();
      members.set(member.bus.member, { member, server });
      await until(() => isDone || server.bridge.isSettled);
      return member.bus;
    },
    kill: (bus) => of(bus).server.kill(),
    hold: (bus) => of(bus).member.hold(),
    done: () => {
      isDone = true;
      clearInterval(beats);
      net.done();
      for (const { member } of members.values()) member.end();
    },
  };
}

/** Wires between servers of this process. */
export class MemoryWires {
  readonly #ears = new Map<string, WireEars>();
  /** What is lost, of what one server sends to another or to itself. */
  loses: (from: string, to: string) => boolean = () => false;
  /** How often each was told to make another line. */
  readonly renewed: string[] = [];

  readonly open: OpenWire = (id, ears) => {
    this.#ears.set(id, ears);
    const to = (server: string, say: (there: WireEars) => void): void => {
      if (this.loses(id, server)) return;
      setImmediate(() => {
        const there = this.#ears.get(server);
        if (there !== undefined) say(there);
      });
    };
    return {
      send: (payload) => {
        if (!this.#ears.has(id)) return false;
        for (const server of this.#ears.keys()) to(server, (there) => there.onAll(id, payload));
        return true;
      },
      sendTo: (server, payload) => {
        to(server, (there) => there.onOwn(id, payload));
        return true;
      },
      renew: () => this.renewed.push(id),
      close: async () => {
        this.#ears.delete(id);
      },
    };
  };

  /** Something that no server of ours says. */
  say(from: string, to: string, payload: Uint8Array): void {
    this.#ears.get(to)?.onAll(from, payload);
  }

  mend(id: string): void {
    this.#ears.get(id)?.onMended();
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function until(met: () => boolean): Promise<void> {
  while (!met()) await turn();
}
