/** A log between servers in memory, whose lines can be cut and whose answers can get lost. */

import { Code, FerryError } from '@ferry/protocol';
import type { LogBase, LogEntry, LogFacts, SharedLog } from '../../packages/server/src/replica/shared-log.ts';

/** What all of them share. */
export class MemoryCloud {
  cluster: Buffer | undefined;
  first = 1;
  entries: LogEntry[] = [];
  readonly bases = new Map<string, Map<number, Buffer>>();
  readonly ids = new Set<string>();
  readonly listeners = new Set<() => void>();

  get last(): number {
    return this.first + this.entries.length - 1;
  }

  /** As a bus that had acknowledged what it then did not write down. */
  loseLast(count: number): void {
    this.entries = this.entries.slice(0, Math.max(0, this.entries.length - count));
  }
}

export class MemoryLog implements SharedLog {
  isCut = false;
  /** Whether what is asked next gets lost on the way there, or its answer on the way back. */
  fault: () => 'none' | 'asked' | 'answered' = () => 'none';
  readonly #cloud: MemoryCloud;

  constructor(cloud: MemoryCloud) {
    this.#cloud = cloud;
  }

  facts(): Promise<LogFacts | undefined> {
    return this.#ask(({ cluster, first, last }) =>
      cluster === undefined ? undefined : { cluster, first, last },
    );
  }

  begin(cluster: Buffer): Promise<void> {
    return this.#ask((cloud) => {
      cloud.cluster ??= cluster;
    });
  }

  append(id: Buffer, body: Buffer): Promise<void> {
    return this.#ask((cloud) => {
      if (cloud.ids.has(id.toString('hex'))) return;
      cloud.ids.add(id.toString('hex'));
      cloud.entries.push({ seq: cloud.last + 1, body });
      for (const listener of cloud.listeners) listener();
    });
  }

  read(from: number, most: number): Promise<readonly LogEntry[]> {
    return this.#ask(({ entries, first }) =>
      from < first ? [] : entries.slice(from - first, from - first + most),
    );
  }

  forget(cluster: Buffer, upTo: number, base: number): Promise<void> {
    return this.#ask((cloud) => {
      const gone = Math.max(0, Math.min(upTo, cloud.last) - cloud.first + 1);
      cloud.entries.splice(0, gone);
      cloud.first += gone;
      const bases = cloud.bases.get(cluster.toString('hex')) ?? new Map<number, Buffer>();
      for (const seq of bases.keys()) if (seq < base) bases.delete(seq);
    });
  }

  newestBase(cluster: Buffer): Promise<number | undefined> {
    return this.#ask(({ bases }) => {
      const seqs = [...(bases.get(cluster.toString('hex'))?.keys() ?? [])];
      return seqs.length === 0 ? undefined : Math.max(...seqs);
    });
  }

  readBase(cluster: Buffer, seq: number): Promise<LogBase | undefined> {
    return this.#ask(({ bases }) => {
      const content = bases.get(cluster.toString('hex'))?.get(seq);
      return content === undefined ? undefined : { seq, content };
    });
  }

  putBase(cluster: Buffer, { seq, content }: LogBase): Promise<void> {
    return this.#ask((cloud) => {
      const key = cluster.toString('hex');
      const bases = cloud.bases.get(key) ?? new Map<number, Buffer>();
      cloud.bases.set(key, bases.set(seq, content));
    });
  }

  onNews(listener: () => void): () => void {
    const heard = (): void => {
      if (!this.isCut) listener();
    };
    this.#cloud.listeners.add(heard);
    return () => this.#cloud.listeners.delete(heard);
  }

  async close(): Promise<void> {
    this.isCut = true;
  }

  async #ask<T>(work: (cloud: MemoryCloud) => T): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    const fault = this.isCut ? 'asked' : this.fault();
    if (fault === 'asked') throw lost();
    const answer = work(this.#cloud);
    if (fault === 'answered') throw lost();
    return answer;
  }
}

function lost(): FerryError {
  return new FerryError(Code.BUSY, 'the bus says nothing');
}
