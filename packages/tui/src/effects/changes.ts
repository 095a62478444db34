/** Small changes of a side's files (a folder made, another name, permissions, removal), and taking back what was done. UI thread. */

import {
  Code,
  type Entry,
  EntryKind,
  FerryError,
  joinPath,
  type Path,
  parentPath,
  type Shown,
  samePath,
  showName,
} from '@ferry/protocol';
import type { Engine, Side, Where } from '../engine/engine.ts';
import { entryPath, type WorkOrder } from '../engine/server-works.ts';
import type { FileSource } from '../engine/source.ts';
import type { Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import { notices } from '../state/texts.ts';
import type { Undo } from '../state/undo.ts';
import { permissionBits } from '../state/update-entries.ts';
import { wire } from './wire.ts';
import type { WorkSpec, Works } from './works.ts';

type ChangeCmd = Cmd & { readonly kind: 'mkdir' | 'rename' | 'remove' | 'permissions' };
type Of<K extends Undo['kind']> = Undo & { readonly kind: K };

export class Changes {
  readonly #engine: Engine;
  readonly #whereOf: (side: Side) => Where;
  readonly #works: Works;
  readonly #post: (msg: Msg) => void;

  constructor(engine: Engine, whereOf: (side: Side) => Where, works: Works, post: (msg: Msg) => void) {
    this.#engine = engine;
    this.#whereOf = whereOf;
    this.#works = works;
    this.#post = post;
  }

  run(cmd: ChangeCmd): void {
    const where = this.#whereOf(cmd.side);
    switch (cmd.kind) {
      case 'mkdir': {
        const { path, side } = cmd;
        void this.#change(
          where,
          `making the folder ${lastName(path)}`,
          [parentPath(path)],
          side,
          async (source) => {
            await source.mkdir(path);
            return { kind: 'folder-made', where, path };
          },
        );
        break;
      }
      case 'rename': {
        const { from, to, side } = cmd;
        const doing = `renaming ${lastName(from)} to ${lastName(to)}`;
        void this.#change(where, doing, [parentPath(from)], side, async (source) => {
          await source.rename(from, to);
          return { kind: 'renamed', where, from, to };
        });
        break;
      }
      case 'remove':
        void this.#change(where, 'deleting', [cmd.folder], cmd.side, async (source) => {
          await removeAll(source, cmd.folder, cmd.entries);
          return undefined;
        });
        break;
      case 'permissions': {
        const { folder, entries, mode, side } = cmd;
        const wanted = entries.map(({ name }) => ({ path: entryPath(folder, name), mode }));
        void this.#change(where, 'changing permissions', [folder], side, async (source) => {
          const before: { path: Path; mode: number }[] = [];
          try {
            await changeModes(source, wanted, (path, was) => before.push({ path, mode: was }));
          } finally {
            this.#post({ kind: 'did', undo: { kind: 'permissions', where, before } });
          }
          return undefined;
        });
        break;
      }
    }
  }

  undo(undo: Undo): void {
    const { where } = undo;
    switch (undo.kind) {
      case 'deleted':
        void this.#restore(where, undo.ids, [undo.folder]);
        break;
      case 'replaced':
        void this.#restore(where, undo.ids, undo.folders);
        break;
      case 'overwritten':
        void this.#putBack(undo);
        break;
      case 'renamed': {
        const folders = [parentPath(undo.from), parentPath(undo.to)];
        void this.#change(where, `renaming ${lastName(undo.to)} back`, folders, undefined, async (source) => {
          await source.rename(undo.to, undo.from);
          this.#say(notices.renamedBack(lastName(undo.from)));
          return undefined;
        });
        break;
      }
      case 'moved':
        void this.#work({
          where,
          verb: 'move',
          doing: 'moving back',
          orders: undo.pairs
            .toReversed()
            .map(({ from, to }) => ({ verb: 'move', from: to, to: from, existing: 'fail' })),
          folders: undo.pairs.flatMap(({ from, to }) => [parentPath(from), parentPath(to)]),
          said: notices.movedBack,
        });
        break;
      case 'copied':
      case 'unpacked':
        void this.#work({
          where,
          verb: 'trash',
          doing: 'taking it away',
          orders: undo.made.map((path) => ({ verb: 'trash', path })),
          folders: undo.made.map(parentPath),
          said: notices.copiesGone,
        });
        break;
      case 'folder-made':
        // With anything in it by now it stays.
        void this.#change(
          where,
          `taking the folder ${lastName(undo.path)} away`,
          [parentPath(undo.path)],
          undefined,
          async (source) => {
            await source.remove(undo.path);
            this.#say(notices.folderGone(lastName(undo.path)));
            return undefined;
          },
        );
        break;
      case 'permissions':
        void this.#change(
          where,
          'changing permissions back',
          undo.before.map(({ path }) => parentPath(path)),
          undefined,
          async (source) => {
            await changeModes(source, undo.before, () => {});
            this.#say(notices.permissionsBack(undo.before.length));
            return undefined;
          },
        );
        break;
    }
  }

  /** Only what is surely that version: the newest of its name there, of its size. Nothing is lost either way. */
  async #putBack({ where, files }: Of<'overwritten'>): Promise<void> {
    try {
      const rows = await this.#engine.at(where).trash.list();
      const found = files.flatMap(({ path, bytes }) => {
        const last = rows.find((row) => samePath(row.path, path));
        return last?.isReplaced === true && last.bytes === bytes ? [last] : [];
      });
      if (found.length === 0) throw new FerryError(Code.NOT_FOUND, notices.notInTrash(files.length));
      const ids = found.map(({ id }) => id);
      await this.#restore(
        where,
        ids,
        found.map(({ path }) => parentPath(path)),
        files.length,
      );
    } catch (error) {
      this.#post({ kind: 'failed', doing: 'bringing back', error: wire(error) });
    }
  }

  #restore(where: Where, ids: readonly string[], folders: readonly Path[], of = ids.length): Promise<void> {
    return this.#work({
      where,
      verb: 'restore',
      doing: 'bringing back',
      orders: ids.map((id): WorkOrder => ({ verb: 'restore', id })),
      folders,
      said: (count) => notices.back(count, of),
    });
  }

  async #work(spec: WorkSpec & { folders: readonly Path[]; said: (count: number) => Shown }): Promise<void> {
    const { count } = await this.#works.run(spec);
    if (count > 0) this.#say(spec.said(count));
    this.#works.changed(spec.where, ...each(spec.folders));
  }

  /** Does something to folders and has them read again, whatever came of it. */
  async #change(
    where: Where,
    doing: string,
    folders: readonly Path[],
    side: Side | undefined,
    work: (source: FileSource) => Promise<Undo | undefined>,
  ): Promise<void> {
    try {
      const undo = await work(this.#engine.source(where));
      if (undo !== undefined) this.#post({ kind: 'did', undo });
    } catch (error) {
      this.#post({ kind: 'failed', doing, error: wire(error), ...(side === undefined ? {} : { side }) });
    }
    this.#works.changed(where, ...each(folders));
  }

  #say(text: Shown): void {
    this.#post({ kind: 'said', text });
  }
}

/** Once. */
function each(folders: readonly Path[]): readonly Path[] {
  return [...new Map(folders.map((folder) => [folder.join('/'), folder])).values()];
}

function lastName(path: Path): Shown {
  return showName(path.at(-1) ?? '');
}

/** Goes on after a failure; throws the first one at the end. Times stay as they are. */
async function changeModes(
  source: FileSource,
  wanted: readonly { readonly path: Path; readonly mode: number }[],
  onChanged: (path: Path, was: number) => void,
): Promise<void> {
  let first: unknown;
  for (const { path, mode } of wanted) {
    try {
      const { modified, mode: was } = await source.stat(path);
      await source.setFacts(path, { modified, mode });
      onChanged(path, was & permissionBits);
    } catch (error) {
      first ??= error;
    }
  }
  if (first !== undefined) throw first;
}

/** Everything in the folders first. Goes on after a failure; throws the first one at the end. */
async function removeAll(source: FileSource, folder: Path, entries: readonly Entry[]): Promise<void> {
  let first: unknown;
  for (const entry of entries) {
    const path = joinPath(folder, entry.name);
    try {
      if (entry.kind === EntryKind.folder) {
        // A link to a folder is listed like one; its own stat says what it is.
        const { kind } = await source.stat(path);
        if (kind === EntryKind.folder) {
          const inside: Entry[] = [];
          await source.list(path, (page) => inside.push(...page));
          await removeAll(source, path, inside);
        }
      }
      await source.remove(path);
    } catch (error) {
      first ??= error;
    }
  }
  if (first !== undefined) throw first;
}
