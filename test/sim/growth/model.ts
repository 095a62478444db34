/**
 * How a ferry of many servers grows: what each second costs the bus, NATS and each server, by how many there are. Pure formulas;
 * test/sim/growth.test.ts holds them against the real code at work (herd.ts), and docs/SCALE.md shows their table.
 */

/** What one person does, events per second. */
export type Habits = {
  readonly logins: number;
  /** Looks at another folder. */
  readonly looks: number;
  /** Changes something in a folder. */
  readonly changes: number;
  /** Says a line in the chat. */
  readonly lines: number;
  /** Opens a lane, for which a ticket is spent. */
  readonly lanes: number;
  /** Comes with an invite, on a new device. */
  readonly invites: number;
};

/** Busy people: an hour at a time, a folder each minute, a change every two, a line every ten, eight lanes an hour. */
export const busy: Habits = {
  logins: 1 / 3600,
  looks: 1 / 60,
  changes: 1 / 120,
  lines: 1 / 600,
  lanes: 8 / 3600,
  invites: 1 / 100 / 3600,
};

export type Size = {
  readonly servers: number;
  readonly sessionsOfEach: number;
  readonly threadsOfEach: number;
};

/** How long presence/people.ts and watching/touched.ts gather, seconds. */
const gather = { presence: 0.1, touched: 0.05 } as const;
/** As bus/bridge.ts: a beat of each server so often, seconds, or less often where there are many. */
const beat = { least: 1, forEach: 0.01 } as const;

/** Bytes of one session in a message, and in the memory of each thread of each server. Measured; the first is checked. */
export const row = { wire: 64, memory: 414 } as const;

/** Messages per second of one server to all, by what they are about. */
export type Said = {
  readonly presence: number;
  readonly touched: number;
  readonly chat: number;
  readonly beats: number;
};

export function saidByOne({ servers, sessionsOfEach, threadsOfEach }: Size, habits: Habits): Said {
  const ofThread = sessionsOfEach / threadsOfEach;
  const rows = ofThread * (habits.logins + habits.looks);
  const gone = ofThread * habits.logins;
  return {
    presence: threadsOfEach * presenceOf(rows, gone),
    touched: threadsOfEach * gatheredAfter(ofThread * habits.changes, gather.touched),
    chat: sessionsOfEach * habits.lines,
    beats: 1 / Math.max(beat.least, beat.forEach * servers),
  };
}

/** Events that come by chance, `rate` a second; the first waits, and takes along who comes meanwhile. */
function gathered(rate: number, window: number): number {
  return rate === 0 ? 0 : 1 / (1 / rate + window);
}

/** As `gathered`, where the first is told at once, and what comes within the window after each telling with the next. */
function gatheredAfter(rate: number, window: number): number {
  return rate / (Math.exp(-rate * window) + rate * window);
}

/** As `gathered`, where those who go are told in a message of their own. */
function presenceOf(rows: number, gone: number): number {
  const all = rows + gone;
  if (all === 0) return 0;
  const noRows = (gone / all) * Math.exp(-rows * gather.presence);
  const noGone = (rows / all) * Math.exp(-gone * gather.presence);
  return gathered(all, gather.presence) * (2 - noRows - noGone);
}

/** What a figure is held against: what was measured on two cores of 2026. */
export const measured = {
  /** Messages per second that one NATS node gives out. */
  natsMessages: 750_000,
  /** Nodes that are looked at; all carry their share. */
  natsNodes: 3,
  /** Bytes per second of one node's network. */
  natsBytes: 1.25e9,
  /** Durable operations per second on three copies. */
  logAppends: 28_000,
  /** Of a server's main thread per message from others, seconds of its processor. */
  serverMessage: 6e-6,
  /** The same per operation of the log, which each does to its own file; not measured. */
  serverAppend: 100e-6,
  /** Of each thread per row of presence. */
  threadRow: 2.5e-6,
  /** Memory of one thread for who is here, bytes: its heap may have 256 MiB, and does other things with it. */
  threadMemory: 200 * 2 ** 20,
} as const;

/** Of a size, all servers together if nothing else is said. */
export type Costs = {
  readonly sessions: number;
  /** Messages per second that are said, which is what each server hears. */
  readonly said: number;
  /** Messages per second that NATS gives out. */
  readonly delivered: number;
  /** NATS nodes that these take. */
  readonly nodes: number;
  /** Share of a core that each server's main thread spends on hearing. */
  readonly hearing: number;
  /** Bytes in each thread of each server: who is here. */
  readonly presenceMemory: number;
  /** Bytes that NATS gives out when one server starts, and everybody tells who is there. */
  readonly askedBytes: number;
  /** Durable operations per second. */
  readonly appends: number;
};

export function costsOf(size: Size, habits: Habits): Costs {
  const { servers, sessionsOfEach } = size;
  const sessions = servers * sessionsOfEach;
  const { presence, touched, chat, beats } = saidByOne(size, habits);
  const said = servers * (presence + touched + chat + beats);
  const appends =
    sessions * (habits.lines + perLogin.appends * habits.logins + perInvite.appends * habits.invites);
  // Every server follows the log. A lane that lands on another server than its session has its ticket spent there: a question, an answer.
  const asked = (2 * sessions * habits.lanes * (servers - 1)) / servers;
  const delivered = (said + appends) * servers + asked;
  return {
    sessions,
    said,
    delivered,
    nodes: Math.max(measured.natsNodes, Math.ceil(delivered / measured.natsMessages)),
    hearing: said * measured.serverMessage + appends * measured.serverAppend,
    presenceMemory: sessions * row.memory,
    askedBytes: sessions * row.wire * servers,
    appends,
  };
}

/**
 * Durable operations of NATS. What a login by a known device reads is on every server; that it was here is noted once an hour, which
 * for people who come for an hour is each time.
 */
export const perLogin = { appends: 1 } as const;
export const perInvite = { appends: 1 } as const;

/** Something that ends the growth, and what to do about it. */
export type Wall = {
  readonly what: string;
  /** The most servers with which it still holds. */
  readonly servers: number;
  readonly then: string;
};

const most = 100_000;

/** The walls of servers of this kind, the first one first. */
export function wallsOf(one: Omit<Size, 'servers'>, habits: Habits): readonly Wall[] {
  const { natsBytes, natsNodes, natsMessages, threadMemory, logAppends } = measured;
  const wall = (what: string, then: string, holds: (costs: Costs) => boolean): Wall => {
    let [low, high] = [0, most];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (holds(costsOf({ ...one, servers: middle }, habits))) low = middle;
      else high = middle - 1;
    }
    return { what, then, servers: low };
  };
  return [
    wall(
      'a server that starts has everybody tell all servers who is here: a second of three NATS nodes’ network',
      'start servers one after the other; answer who asks alone',
      ({ askedBytes }) => askedBytes <= natsBytes * natsNodes,
    ),
    wall(
      'three NATS nodes give out all they can',
      'more nodes: each takes its share of the servers',
      ({ delivered }) => delivered <= natsMessages * natsNodes,
    ),
    wall(
      'who is here fills the memory of each thread',
      'cells of servers (see below); people of different cells share files and do not see each other',
      ({ presenceMemory }) => presenceMemory <= threadMemory,
    ),
    wall(
      'a main thread spends half a core on hearing the others',
      'cells of servers',
      ({ hearing }) => hearing <= 0.5,
    ),
    wall(
      'the log takes no more operations',
      'cells of servers, each with its own accounts and rooms',
      ({ appends }) => appends <= logAppends,
    ),
  ].toSorted((a, b) => a.servers - b.servers);
}
