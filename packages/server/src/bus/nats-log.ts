/**
 * The log that several servers share, as a stream of JetStream's: three times where there are three nodes, on their disks. Its bases are
 * in a stream of their own, in pieces; the last piece says what belongs together. Nothing is remembered here of where in the log anybody
 * is: each question says it, so nothing has to be set up again when a node dies or the line breaks. Imported only where there is a bus
 * between servers; the thread of replica-thread.ts and the owner's commands.
 */

import { createHash } from 'node:crypto';
import { Code, FerryError } from '@ferry/protocol';
import { pack, unpack } from '@ferry/protocol/wire';
import {
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from '@nats-io/jetstream';
import {
  clusterBytes,
  type LogBase,
  type LogEntry,
  type LogFacts,
  mostBaseBytes,
  type SharedLog,
} from '../replica/shared-log.ts';
import type { NatsLine } from './nats-connection.ts';

/** How long a node may take to answer, milliseconds. */
const answerMs = 2000;
const replicas = 3;
/** A stream grows no further than this: something is wrong then, and nothing that matters may be dropped for it. */
const mostEntries = 1_000_000;
/** Within it the same entry is there once, nanoseconds. */
const sameNs = 120_000_000_000;
/** NATS takes a MiB. */
const pieceBytes = 512 * 1024;

const streamMissing = 10059;
const nameTaken = 10058;

export type NatsLogOpts = {
  /** Servers of the same name belong together: letters, digits and hyphens. */
  readonly name: string;
  /** What is kept: one word. */
  readonly what: string;
};

export class NatsLog implements SharedLog {
  readonly #line: NatsLine;
  readonly #js: JetStreamClient;
  readonly #stream: string;
  readonly #subject: string;
  readonly #bell: string;
  readonly #bases: string;
  readonly #baseSubject: string;
  #manager: JetStreamManager | undefined;
  #isWide = false;

  /** @param line closed by whoever opened it */
  constructor(line: NatsLine, { name, what }: NatsLogOpts) {
    this.#line = line;
    this.#js = jetstream(line.nats, { timeout: answerMs });
    this.#stream = `ferry_${name}_${what}`;
    this.#subject = `ferry-log.${name}.${what}`;
    this.#bell = `ferry-log-bell.${name}.${what}`;
    this.#bases = `ferry_${name}_${what}_bases`;
    this.#baseSubject = `ferry-base.${name}.${what}`;
  }

  facts(): Promise<LogFacts | undefined> {
    return asked(async () => {
      const { streams } = await this.#jsm();
      const info = await found(() => streams.info(this.#stream));
      if (info === undefined) return undefined;
      const { config, state } = info;
      const cluster = Buffer.from(config.description ?? '', 'hex');
      if (cluster.length !== clusterBytes) {
        throw new FerryError(Code.CONFIG, `the stream ${this.#stream} on the bus is none of ferry’s`);
      }
      if (!this.#isWide) await this.#widen(config);
      const last = state.last_seq;
      return { cluster, first: state.messages === 0 ? last + 1 : state.first_seq, last };
    });
  }

  begin(cluster: Buffer): Promise<void> {
    return asked(async () => {
      await this.#make({
        name: this.#stream,
        subjects: [this.#subject],
        description: cluster.toString('hex'),
        duplicate_window: sameNs,
        max_msgs: mostEntries,
        discard: DiscardPolicy.New,
      });
    });
  }

  append(id: Buffer, body: Buffer): Promise<void> {
    return asked(async () => {
      const expect = { streamName: this.#stream };
      await this.#js.publish(this.#subject, body, { msgID: id.toString('hex'), expect, timeout: answerMs });
      // When it is there: who reads it at the first sound of it might come too early.
      this.#line.nats.publish(this.#bell);
    });
  }

  read(from: number, most: number): Promise<readonly LogEntry[]> {
    return asked(async () => {
      const { streams } = await this.#jsm();
      const read = await Promise.all(
        Array.from({ length: most }, async (_, i) => streams.getMessage(this.#stream, { seq: from + i })),
      );
      const end = read.indexOf(null);
      return read
        .slice(0, end === -1 ? read.length : end)
        .flatMap((message) =>
          message === null ? [] : [{ seq: message.seq, body: Buffer.from(message.data) }],
        );
    });
  }

  forget(cluster: Buffer, upTo: number, base: number): Promise<void> {
    return asked(async () => {
      const { streams } = await this.#jsm();
      // What it says is the first that stays.
      await streams.purge(this.#stream, { seq: upTo + 1 });
      for (const subject of await this.#subjectsOf('*.*.0')) {
        const [whose, seq] = subject.split('.').slice(-3);
        const isNeeded = whose === cluster.toString('hex') && Number(seq) >= base;
        if (isNeeded) continue;
        await streams.purge(this.#bases, { filter: `${this.#baseSubject}.${whose}.${seq}.*` });
      }
    });
  }

  newestBase(cluster: Buffer): Promise<number | undefined> {
    return asked(async () => {
      const subjects = await this.#subjectsOf(`${cluster.toString('hex')}.*.0`);
      const seqs = subjects.map((subject) => Number(subject.split('.').at(-2)));
      return seqs.length === 0 ? undefined : Math.max(...seqs);
    });
  }

  readBase(cluster: Buffer, seq: number): Promise<LogBase | undefined> {
    return asked(async () => {
      const end = headOf(await this.#piece(cluster, seq, 0));
      if (end === undefined) return undefined;
      const content: Buffer[] = [];
      for (let i = 1; i <= end.pieces; i++)
        content.push((await this.#piece(cluster, seq, i)) ?? Buffer.alloc(0));
      const whole = Buffer.concat(content);
      return sumOf(whole).equals(end.sum) ? { seq, content: whole } : undefined;
    });
  }

  putBase(cluster: Buffer, { seq, content }: LogBase): Promise<void> {
    return asked(async () => {
      await this.#make({
        name: this.#bases,
        subjects: [`${this.#baseSubject}.*.*.*`],
        max_msgs_per_subject: 1,
      });
      const subject = `${this.#baseSubject}.${cluster.toString('hex')}.${seq}`;
      const pieces = Math.ceil(content.length / pieceBytes);
      const opts = { timeout: answerMs, expect: { streamName: this.#bases } };
      for (let i = 0; i < pieces; i++) {
        const piece = content.subarray(i * pieceBytes, (i + 1) * pieceBytes);
        await this.#js.publish(`${subject}.${i + 1}`, piece, opts);
      }
      await this.#js.publish(`${subject}.0`, pack([pieces, sumOf(content)]), opts);
    });
  }

  onNews(listener: () => void): () => void {
    const subscription = this.#line.nats.subscribe(this.#bell, { callback: listener });
    const leave = this.#line.onChange((isUp) => {
      if (isUp) listener();
    });
    return () => {
      leave();
      subscription.unsubscribe();
    };
  }

  async close(): Promise<void> {
    // The line is not ours, and nothing else is held.
  }

  /** A node alone takes a stream with three copies too, and does not find it any more when it is started again (2.9.10). */
  get #isCluster(): boolean {
    return this.#line.nats.info?.cluster !== undefined;
  }

  async #jsm(): Promise<JetStreamManager> {
    this.#manager ??= await this.#js.jetstreamManager(false);
    return this.#manager;
  }

  /** What there is of that kind already stays as it is. */
  async #make(config: Partial<StreamConfig> & { readonly name: string }): Promise<void> {
    const { streams } = await this.#jsm();
    const common = { storage: StorageType.File, retention: RetentionPolicy.Limits };
    for (const count of this.#isCluster ? [replicas, 1] : [1]) {
      try {
        await streams.add({ ...common, ...config, num_replicas: count });
        return;
      } catch (error) {
        if (!(error instanceof JetStreamApiError)) throw error;
        if (error.code === nameTaken) return;
        // One node, or not three of them now: then what it makes is widened later.
        if (count === 1) throw error;
      }
    }
  }

  /** A bus that had one node when the log was begun may have three by now. */
  async #widen({ num_replicas: count }: StreamConfig): Promise<void> {
    this.#isWide = true;
    if (count >= replicas || !this.#isCluster) return;
    const { streams } = await this.#jsm();
    for (const name of [this.#stream, this.#bases]) {
      await streams.update(name, { num_replicas: replicas }).catch((error: unknown) => {
        if (!(error instanceof JetStreamApiError)) throw error;
      });
    }
  }

  async #subjectsOf(pattern: string): Promise<readonly string[]> {
    const { streams } = await this.#jsm();
    const filter = { subjects_filter: `${this.#baseSubject}.${pattern}` };
    const info = await found(() => streams.info(this.#bases, filter));
    return Object.keys(info?.state.subjects ?? {});
  }

  async #piece(cluster: Buffer, seq: number, i: number): Promise<Buffer | undefined> {
    const { streams } = await this.#jsm();
    const subject = `${this.#baseSubject}.${cluster.toString('hex')}.${seq}.${i}`;
    const message = await found(() => streams.getMessage(this.#bases, { last_by_subj: subject }));
    return message == null ? undefined : Buffer.from(message.data);
  }
}

function sumOf(content: Buffer): Buffer {
  return createHash('sha256').update(content).digest();
}

/** undefined: there is none, or it is none. */
function headOf(head: Buffer | undefined): { readonly pieces: number; readonly sum: Buffer } | undefined {
  if (head === undefined) return undefined;
  try {
    const said = unpack(head);
    const [pieces, sum]: readonly unknown[] = Array.isArray(said) ? said : [];
    const isSound =
      typeof pieces === 'number' && pieces >= 0 && pieces * pieceBytes <= mostBaseBytes + pieceBytes;
    return isSound && sum instanceof Uint8Array ? { pieces, sum: Buffer.from(sum) } : undefined;
  } catch {
    return undefined;
  }
}

/** undefined: there is no such stream. */
async function found<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === streamMissing) return undefined;
    throw error;
  }
}

/** Whatever NATS does not do now is no more than that. */
async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof FerryError || cause instanceof TypeError) throw cause;
    throw new FerryError(
      Code.BUSY,
      'this server cannot reach the others now, so nothing that they share can be changed: try again in a moment',
      { cause, retryAfterMs: 2000 },
    );
  }
}
