/** What the server does with its own files for the browser: its commands to the engine, and what came of them to messages. UI thread. */

import { EntryKind, joinPath, type Path, samePath } from '@ferry/protocol';
import type { Engine, Where } from '../engine/engine.ts';
import type { Entries } from '../engine/entry-page.ts';
import { momentsFrom } from '../engine/find-words.ts';
import { entryPath, type WorkOrder } from '../engine/server-works.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { notices } from '../state/texts.ts';
import type { Works } from './works.ts';

const doings = { copy: 'copying', move: 'moving' } as const;

export class ServerWork {
  readonly #engine: Engine;
  readonly #works: Works;
  readonly #post: (msg: Msg) => void;

  constructor(engine: Engine, works: Works, post: (msg: Msg) => void) {
    this.#engine = engine;
    this.#works = works;
    this.#post = post;
  }

  run(cmd: Cmd & { readonly kind: 'delete' | 'graft' | 'unpack' }): void {
    if (cmd.kind === 'delete') void this.#delete(cmd);
    else if (cmd.kind === 'unpack') void this.#unpack(cmd);
    else void this.#graft(cmd);
  }

  async #delete({ where, folder, entries, forGood }: Cmd & { kind: 'delete' }): Promise<void> {
    const ids: string[] = [];
    const verb = forGood ? 'remove' : 'trash';
    const { count, files } = await this.#works.run({
      where,
      verb,
      doing: 'deleting',
      orders: entries.map(({ name }) => ({ verb, path: entryPath(folder, name) })),
      onDone: (_, { id }) => {
        if (id !== undefined) ids.push(id);
      },
    });
    if (ids.length > 0) this.#post({ kind: 'did', undo: { kind: 'deleted', where, ids, folder } });
    else if (count > 0) this.#post({ kind: 'said', text: notices.deletedForGood(files) });
    this.#works.changed(where, folder);
  }

  async #graft({ where, verb, sources, to, isInto, bytes, folder }: Cmd & { kind: 'graft' }): Promise<void> {
    const into = isInto || (await this.#isFolder(where, to));
    const pairs: { from: Path; to: Path }[] = [];
    const { count } = await this.#works.run({
      where,
      verb,
      doing: doings[verb],
      orders: sources.map((from): WorkOrder => {
        const name = from.at(-1);
        return { verb, from, to: into && name !== undefined ? joinPath(to, name) : to, existing: 'fail' };
      }),
      totalBytes: bytes,
      onDone: (order) => {
        if ('from' in order) pairs.push({ from: order.from, to: order.to });
      },
    });
    if (verb === 'move') this.#post({ kind: 'did', undo: { kind: 'moved', where, pairs } });
    // This machine has no trash for what would be taken back.
    else if (where !== '') {
      this.#post({ kind: 'did', undo: { kind: 'copied', where, made: pairs.map((pair) => pair.to) } });
    } else if (count > 0) this.#post({ kind: 'said', text: notices.copiedHere(count) });
    const target = into ? to : to.slice(0, -1);
    this.#works.changed(where, folder, ...(samePath(folder, target) ? [] : [target]));
  }

  async #unpack({ where, archive, to }: Cmd & { kind: 'unpack' }): Promise<void> {
    const orders = [{ verb: 'unpack', path: archive, to }] as const;
    const { count } = await this.#works.run({ where, verb: 'unpack', doing: 'unpacking', orders });
    if (count > 0) this.#post({ kind: 'did', undo: { kind: 'unpacked', where, made: [to] } });
    this.#works.changed(where, to.slice(0, -1));
  }

  async #isFolder(where: Where, path: Path): Promise<boolean> {
    if (path.length === 0) return true;
    return this.#engine
      .source(where)
      .stat(path)
      .then(
        ({ kind }) => kind === EntryKind.folder,
        () => false,
      );
  }
}

/** A search, as a listing of a pane. Resolves when it has ended. */
export async function findInto(
  engine: Engine,
  { where, path, query, changed }: Cmd & { kind: 'find' },
  onPage: (entries: Entries) => void,
  signal: AbortSignal,
): Promise<{ readonly more: boolean }> {
  const order = { verb: 'find', path, query: { ...query, ...momentsFrom(changed, Date.now()) } } as const;
  const { more = false } = await engine.worksAt(where).run(order, { signal, onPage });
  return { more };
}
