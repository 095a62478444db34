/** What the server does with its own files for the browser: its commands to the engine, how far it is and what came of it to messages. UI thread. */

import { Code, EntryKind, FerryError, joinPath, type Path, samePath } from '@ferry/protocol';
import type { Engine, Where } from '../engine/engine.ts';
import type { Entries } from '../engine/entry-page.ts';
import { entryPath, type WorkOrder, type WorkResult } from '../engine/server-works.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { wire } from './wire.ts';

type ServerCmd = Cmd & { readonly kind: 'delete' | 'undo-delete' | 'undo-overwrite' | 'graft' };

const doings = { copy: 'copying', move: 'moving', trash: 'deleting', remove: 'deleting' } as const;

export class ServerWork {
  readonly #engine: Engine;
  readonly #post: (msg: Msg) => void;

  constructor(engine: Engine, post: (msg: Msg) => void) {
    this.#engine = engine;
    this.#post = post;
  }

  run(cmd: ServerCmd): void {
    if (cmd.kind === 'delete') void this.#delete(cmd);
    else if (cmd.kind === 'graft') void this.#graft(cmd);
    else if (cmd.kind === 'undo-overwrite') void this.#undoOverwrite(cmd);
    else void this.#undo(cmd);
  }

  async #delete({ where, folder, entries, forGood }: Cmd & { kind: 'delete' }): Promise<void> {
    const ids: string[] = [];
    const verb = forGood ? 'remove' : 'trash';
    const done = await this.#each(
      where,
      'deleting',
      entries.map(({ name }) => ({ verb, path: entryPath(folder, name) })),
      ({ id }) => {
        if (id !== undefined) ids.push(id);
      },
    );
    if (ids.length > 0) this.#post({ kind: 'deleted', where, ids, folder });
    else if (done.count > 0) this.#say(`deleted for good: ${counted(done.files)}`);
    this.#over(where, 'deleting', done, [folder]);
  }

  async #undo({ where, ids, folder }: Cmd & { kind: 'undo-delete' }): Promise<void> {
    const orders = ids.map((id): WorkOrder => ({ verb: 'restore', id }));
    const done = await this.#each(where, 'bringing back', orders, () => {});
    if (done.count > 0) this.#say(done.count === 1 ? 'it is back' : `${done.count} entries are back`);
    this.#over(where, 'bringing back', done, [folder]);
  }

  /** Only what is surely that version: the newest of its name there, of its size. Nothing is lost either way. */
  async #undoOverwrite({ where, path, bytes }: Cmd & { kind: 'undo-overwrite' }): Promise<void> {
    try {
      const rows = await this.#engine.at(where).trash.list();
      const last = rows.find((row) => samePath(row.path, path));
      if (last?.isReplaced !== true || last.bytes !== bytes) {
        throw new FerryError(Code.NOT_FOUND, 'the version that was overwritten is not in the trash');
      }
      await this.#undo({ kind: 'undo-delete', where, ids: [last.id], folder: path.slice(0, -1) });
    } catch (error) {
      this.#post({ kind: 'failed', doing: 'bringing back', error: wire(error) });
    }
  }

  async #graft({ where, verb, sources, to, isInto, folder }: Cmd & { kind: 'graft' }): Promise<void> {
    const into = isInto || (await this.#isFolder(where, to));
    const orders = sources.map((from): WorkOrder => {
      const name = from.at(-1);
      return { verb, from, to: into && name !== undefined ? joinPath(to, name) : to, existing: 'fail' };
    });
    const done = await this.#each(where, doings[verb], orders, () => {});
    if (done.count > 0)
      this.#say(
        `${verb === 'copy' ? 'copied' : 'moved'}: ${done.count === 1 ? 'one entry' : `${done.count} entries`}`,
      );
    this.#over(where, doings[verb], done, [folder, into ? to : to.slice(0, -1)]);
  }

  /** One that fails stops no other. */
  async #each(
    where: Where,
    doing: string,
    orders: readonly WorkOrder[],
    each: (result: WorkResult) => void,
  ): Promise<{ count: number; files: number; error: unknown }> {
    let count = 0;
    let files = 0;
    let error: unknown;
    for (const order of orders) {
      const before = files;
      try {
        const result = await this.#engine.worksAt(where).run(order, {
          onProgress: (now) => this.#say(`${doing}… ${counted(before + now.files)}`),
        });
        each(result);
        count += 1;
        files += result.files;
        if (result.firstFailure !== undefined && result.failed > 0) {
          this.#post({
            kind: 'failed',
            doing: `${doing}, ${result.failed} of it`,
            error: result.firstFailure,
          });
        }
      } catch (thrown) {
        error ??= thrown;
      }
    }
    return { count, files, error };
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

  #over(where: Where, doing: string, { error }: { error: unknown }, folders: readonly Path[]): void {
    if (error !== undefined) this.#post({ kind: 'failed', doing, error: wire(error) });
    for (const folder of folders) this.#post({ kind: 'engine', event: { kind: 'changed', where, folder } });
  }

  #say(text: string): void {
    this.#post({ kind: 'said', text });
  }
}

function counted(files: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}`;
}

/** A search, as a listing of a pane. Resolves when it has ended. */
export async function findInto(
  engine: Engine,
  { where, path, query }: Cmd & { kind: 'find' },
  onPage: (entries: Entries) => void,
  signal: AbortSignal,
): Promise<{ readonly more: boolean }> {
  const { more = false } = await engine.worksAt(where).run({ verb: 'find', path, query }, { signal, onPage });
  return { more };
}
