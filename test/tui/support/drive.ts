/** Drives the state by keys, without a screen: what a test presses goes through the key table and update. */

import { type Entry, EntryKind, nameFromText, type Path, pathFromText, type Time } from '@ferry/protocol';
import type { Job } from '@ferry/tui/engine/job';
import { type Keymap, resolveKeys } from '@ferry/tui/keymap/resolve';
import type { Cmd } from '@ferry/tui/state/cmd';
import type { Msg } from '@ferry/tui/state/msg';
import { inOrderNow } from '@ferry/tui/state/order';
import { rowAt } from '@ferry/tui/state/pane';
import { nothingRemembered } from '@ferry/tui/state/remembered';
import { seekNow } from '@ferry/tui/state/seeking';
import { type AppState, initialState } from '@ferry/tui/state/state';
import { update } from '@ferry/tui/state/update';

export const when: Time = { s: 1_760_000_000, ns: 0 };

export function file(name: string, size = 1000, modified: Time = when): Entry {
  return { name: nameFromText(name), kind: EntryKind.file, size, modified, mode: 0o644 };
}

export function folder(name: string): Entry {
  return { name: nameFromText(name), kind: EntryKind.folder, size: 0, modified: when, mode: 0o755 };
}

export function link(name: string): Entry {
  return { name: nameFromText(name), kind: EntryKind.symlink, size: 0, modified: when, mode: 0o777 };
}

/** A job that moves, and what is different about it. */
export function job(id: number, change: Partial<Job> = {}): Job {
  return {
    id,
    place: id,
    priority: 3,
    limit: undefined,
    server: '10.0.0.5:7377',
    addedMs: 0,
    endedMs: undefined,
    digest: undefined,
    direction: 'download',
    source: pathFromText(`share/job-${id}`),
    kind: EntryKind.file,
    target: pathFromText(`home/job-${id}`),
    existing: 'fail',
    phase: 'moving',
    doneBytes: 0,
    totalBytes: 100,
    doneFiles: 0,
    totalFiles: 1,
    skippedFiles: 0,
    failedFiles: 0,
    walked: true,
    rate: 10,
    movingMs: 1000,
    error: undefined,
    failures: [],
    ...change,
  };
}

export const usualKeys: Keymap = resolveKeys('mc').keymap;

export class Driven {
  state: AppState;
  /** Commands since the last look. */
  cmds: Cmd[] = [];
  /** Between two keys. */
  sinceMs = 5000;

  constructor(remote = 'share', local = 'home', size = { columns: 100, rows: 30 }, keymap = usualKeys) {
    this.state = initialState({
      size,
      keymap,
      address: '10.0.0.5:7377',
      remote: pathFromText(remote),
      local: pathFromText(local),
      remembered: nothingRemembered,
    });
    this.post({
      kind: 'engine',
      event: {
        kind: 'connection',
        status: { phase: 'online', address: '', user: 'anna', readOnly: false, rttMs: 3 },
      },
    });
    this.post({ kind: 'started' });
  }

  post(msg: Msg): this {
    const [next, cmds] = update(this.state, msg);
    this.state = next;
    for (const cmd of cmds) {
      if (cmd.kind === 'order') this.#order(cmd);
      else if (cmd.kind === 'seek') this.#seek(cmd);
      else this.cmds.push(cmd);
    }
    return this;
  }

  /** At once, as if no key came in between. */
  #order({ side, ordering }: Cmd & { kind: 'order' }): void {
    if (ordering === undefined) return;
    this.post({ kind: 'ordered', side, ordering, ordered: inOrderNow(ordering) });
  }

  #seek({ side, seeking }: Cmd & { kind: 'seek' }): void {
    if (seeking !== undefined) this.post({ kind: 'sought', side, seeking, found: seekNow(seeking) });
  }

  press(...keys: readonly string[]): this {
    for (const key of keys) {
      const text = key === 'space' ? ' ' : [...key].length === 1 ? key : undefined;
      this.post({ kind: 'key', key, text, sinceMs: this.sinceMs });
    }
    return this;
  }

  /** Answers the running listing of a side. */
  list(side: 'remote' | 'local', ...entries: readonly Entry[]): this {
    const { request } = this.state[side];
    return this.post({ kind: 'page', side, request, entries }).post({ kind: 'listed', side, request });
  }

  taken(): Cmd[] {
    return this.cmds.splice(0);
  }

  names(side: 'remote' | 'local' = 'remote'): string[] {
    return this.state[side].rows.map(({ name }) => Buffer.from(name, 'latin1').toString());
  }

  /** The name under the cursor; undefined on `..`. */
  at(side: 'remote' | 'local' = 'remote'): string | undefined {
    const pane = this.state[side];
    return rowAt(pane, pane.cursor)?.name;
  }

  path(side: 'remote' | 'local' = 'remote'): Path {
    return this.state[side].path;
  }
}

/** Tells of jobs as the engine does. */
export const jobs = (driven: Driven, ...changed: readonly Job[]): Driven =>
  driven.post({
    kind: 'engine',
    event: { kind: 'jobs', changed, removed: [], totals: { doneBytes: 0, totalBytes: 0, rate: 0 } },
  });
