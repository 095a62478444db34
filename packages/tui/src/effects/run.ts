/**
 * Commands → engine → messages. Each command ends in a message or in an engine event; a new listing of a side ends the one
 * before. UI thread; the engine does the waiting on its own.
 */

import { EntryKind, limits, type Name, type Shown, showName } from '@ferry/protocol';
import type { Engine, Side, Where } from '../engine/engine.ts';
import type { Entries } from '../engine/entry-page.ts';
import { entryPath } from '../engine/server-works.ts';
import type { FileSource } from '../engine/source.ts';
import { atServer, type Cmd } from '../state/cmd.ts';
import type { Msg } from '../state/msg.ts';
import type { Remembered } from '../state/remembered.ts';
import { Changes } from './changes.ts';
import { runChat } from './chat.ts';
import { type Counted, countFolder } from './count-folder.ts';
import { Editing } from './editing.ts';
import { Looking } from './looking.ts';
import { notify } from './notify.ts';
import { OrderingRows } from './ordering.ts';
import { findInto, ServerWork } from './server-work.ts';
import { runShares } from './shares.ts';
import { findReplaced, runTrash, withMarks } from './trash.ts';
import { Watching } from './watching.ts';
import { wire } from './wire.ts';
import { Works } from './works.ts';

/** How often the free space is asked for while others change a folder, milliseconds. */
const spaceMs = 1000;

export type EffectsOpts = {
  readonly engine: Engine;
  readonly post: (msg: Msg) => void;
  readonly redraw: () => void;
  readonly suspend: () => void;
  readonly copy: (text: Shown) => void;
  readonly remember: (remembered: Remembered) => void;
  readonly quit: () => void;
  readonly env: NodeJS.ProcessEnv;
  /** What a side shows now. */
  readonly whereOf: (side: Side) => Where;
  /** Asks for a server to show on a side, on a screen of its own. */
  readonly chooseServer: (side: Side) => void;
  /** Writes to the terminal, drawing nothing. */
  readonly write: (text: string) => void;
  /** Gives the terminal to somebody else for as long as `work` takes. */
  readonly handOver: <T>(work: () => Promise<T>) => Promise<T>;
};

export class Effects {
  readonly #opts: EffectsOpts;
  readonly #listings = new Map<Side, AbortController>();
  readonly #counts = new Map<Side, AbortController>();
  readonly #spaceLater = new Map<Side, NodeJS.Timeout>();
  #completions: AbortController | undefined;
  readonly #works: Works;
  readonly #serverWork: ServerWork;
  readonly #changes: Changes;
  readonly #ordering: OrderingRows;
  readonly #watching: Watching;
  readonly #looking: Looking;
  readonly #editing: Editing;

  constructor(opts: EffectsOpts) {
    this.#opts = opts;
    this.#works = new Works(opts.engine, opts.post);
    this.#serverWork = new ServerWork(opts.engine, this.#works, opts.post);
    this.#changes = new Changes(opts.engine, opts.whereOf, this.#works, opts.post);
    this.#ordering = new OrderingRows(opts.post);
    this.#looking = new Looking((side) => this.#source(side), opts.post);
    this.#watching = new Watching(opts.engine, opts.whereOf, opts.post);
    this.#editing = new Editing(opts);
  }

  run(cmd: Cmd): void {
    const { engine, post, quit } = this.#opts;
    switch (cmd.kind) {
      case 'list':
        void this.#list(cmd);
        break;
      case 'list-people':
        void this.#people(cmd);
        break;
      case 'show-activity':
        engine.at(cmd.where).people.show(cmd.activity);
        break;
      case 'watch':
        void this.#watching.watch(cmd.side, cmd.path);
        break;
      case 'order':
      case 'seek':
        this.#ordering.run(cmd);
        break;
      case 'space':
        this.#space(cmd);
        break;
      case 'mkdir':
      case 'rename':
      case 'remove':
      case 'permissions':
        this.#changes.run(cmd);
        break;
      case 'undo':
        this.#changes.undo(cmd.undo);
        break;
      case 'delete':
      case 'graft':
      case 'unpack':
        this.#serverWork.run(cmd);
        break;
      case 'stop-work':
        this.#works.stop(cmd.id);
        break;
      case 'stop-find':
        this.#listings.get(cmd.side)?.abort();
        break;
      case 'list-trash':
      case 'drop-trash':
        void runTrash(engine, post, cmd);
        break;
      case 'find-replaced':
        void findReplaced(engine, post, cmd);
        break;
      case 'make-share':
      case 'list-shares':
      case 'end-share':
        void runShares(engine, post, cmd);
        break;
      case 'chat-rooms':
      case 'chat-join':
      case 'chat-leave':
      case 'chat-say':
      case 'chat-unsay':
      case 'chat-mute':
        void runChat(engine, post, cmd);
        break;
      case 'find':
        void this.#find(cmd);
        break;
      case 'measure':
        void this.#measure(cmd);
        break;
      case 'complete':
        void this.#complete(cmd);
        break;
      case 'remember':
        this.#opts.remember(cmd.remembered);
        break;
      case 'submit':
        engine.submit(cmd.orders).catch((error: unknown) => this.#failed('queueing', error));
        break;
      case 'act':
        withMarks(engine, post, cmd.rules, () => engine.act(cmd.action, cmd.ids));
        break;
      case 'priority':
        engine.setPriority(cmd.ids, cmd.priority);
        break;
      case 'limit':
        engine.setLimit(cmd.ids, cmd.limit);
        break;
      case 'limits':
        engine.setLimits(cmd.limits);
        break;
      case 'pause-all':
        engine.pauseAll(cmd.paused);
        break;
      case 'answer':
        withMarks(engine, post, cmd.rules, () => engine.answer(cmd.job, cmd.sourcePath, cmd.answer));
        break;
      case 'look':
      case 'find-text':
      case 'find-line':
      case 'peek':
      case 'list-archive':
      case 'show-picture':
        this.#looking.run(cmd);
        break;
      case 'fetch-copy':
      case 'run-editor':
      case 'store-copy':
      case 'compare-copy':
      case 'drop-copy':
      case 'leave-copy':
      case 'find-leftovers':
        this.#editing.run(cmd);
        break;
      case 'stop':
        this.#looking.stop(cmd.request);
        this.#editing.stop(cmd.request);
        break;
      case 'notify':
        notify(cmd.words, this.#opts);
        break;
      case 'clear':
        engine.clear();
        break;
      case 'reconnect':
        engine.reconnect(cmd.where);
        break;
      case 'choose-server':
        this.#opts.chooseServer(cmd.side);
        break;
      case 'redraw':
        this.#opts.redraw();
        break;
      case 'suspend':
        this.#opts.suspend();
        break;
      case 'copy-text':
        this.#opts.copy(cmd.text);
        break;
      case 'quit':
        quit();
        break;
    }
  }

  #space({ side, path, soon }: Cmd & { kind: 'space' }): void {
    const { post, whereOf } = this.#opts;
    if (soon === true) {
      const later = (): void => {
        this.#spaceLater.delete(side);
        this.#space({ kind: 'space', side, path });
      };
      if (!this.#spaceLater.has(side)) this.#spaceLater.set(side, setTimeout(later, spaceMs).unref());
      return;
    }
    clearTimeout(this.#spaceLater.get(side));
    this.#spaceLater.delete(side);
    const where = whereOf(side);
    this.#source(side)
      .space(path)
      .then(
        (space) => {
          if (whereOf(side) === where) post({ kind: 'space', side, path, space });
        },
        // Free space is a comfort; what is wrong with the folder, its listing says.
        () => {},
      );
  }

  #source(side: Side): FileSource {
    return this.#opts.engine.source(this.#opts.whereOf(side));
  }

  async #list({ side, path, request }: Cmd & { kind: 'list' }): Promise<void> {
    const { post } = this.#opts;
    this.#listings.get(side)?.abort();
    const controller = new AbortController();
    this.#listings.set(side, controller);
    try {
      const onPage = (entries: Entries): void => {
        if (!controller.signal.aborted) post({ kind: 'page', side, request, entries });
      };
      const sinceMs = performance.now();
      await this.#source(side).list(path, onPage, { signal: controller.signal });
      this.#watching.listed(side, performance.now() - sinceMs);
      post({ kind: 'listed', side, request });
    } catch (error) {
      post({ kind: 'unlisted', side, request, error: wire(error) });
    }
  }

  /** Servers that are older, and those where one only brings files, tell nothing of others. */
  async #people(cmd: Cmd & { kind: 'list-people' }): Promise<void> {
    const { people } = this.#opts.engine.at(cmd.where);
    const rows = await people.list().catch(() => []);
    this.#opts.post({ kind: 'people', rows, ...atServer(cmd) });
  }

  async #find(cmd: Cmd & { kind: 'find' }): Promise<void> {
    const { engine, post } = this.#opts;
    const { request, side } = cmd;
    this.#listings.get(side)?.abort();
    const { signal } = setFor(this.#listings, side);
    try {
      const onPage = (entries: Entries): void => {
        if (!signal.aborted) post({ kind: 'page', side, request, entries });
      };
      const { more } = await findInto(engine, cmd, onPage, signal);
      post({ kind: 'listed', side, request });
      if (more) post({ kind: 'said', text: `there may be more: these are the first ${limits.findHits}` });
    } catch (error) {
      post({ kind: 'unlisted', side, request, error: wire(error) });
    }
  }

  /** Counts one folder after the other; a new count of a side ends the one before. */
  async #measure({ side, folder, names }: Cmd & { kind: 'measure' }): Promise<void> {
    const { post } = this.#opts;
    this.#counts.get(side)?.abort();
    const { signal } = setFor(this.#counts, side);
    const { whereOf } = this.#opts;
    const where = whereOf(side);
    const opts = { mayBeLinks: where === '', signal };
    const source = this.#source(side);
    for (const name of names) {
      const tell = ({ bytes, files }: Counted, whole: boolean): void => {
        if (whereOf(side) === where) post({ kind: 'measured', side, folder, name, bytes, files, whole });
      };
      try {
        const path = entryPath(folder, name);
        tell(await countFolder(source, path, { ...opts, onProgress: (soFar) => tell(soFar, false) }), true);
      } catch (error) {
        if (signal.aborted) return;
        this.#failed(`counting ${showName(name)}`, error);
      }
    }
  }

  /** The folders in a folder; nothing where it cannot be read. */
  async #complete({ side, folder, text }: Cmd & { kind: 'complete' }): Promise<void> {
    const { post } = this.#opts;
    this.#completions?.abort();
    const controller = new AbortController();
    this.#completions = controller;
    const names: Name[] = [];
    await this.#source(side)
      .list(
        folder,
        (page) => {
          for (const { kind, name } of page) if (kind === EntryKind.folder) names.push(name);
        },
        { signal: controller.signal },
      )
      .catch(() => {});
    if (!controller.signal.aborted) post({ kind: 'completions', text, names });
  }

  #failed(doing: string, error: unknown): void {
    this.#opts.post({ kind: 'failed', doing, error: wire(error) });
  }
}

function setFor(map: Map<Side, AbortController>, side: Side): AbortController {
  const controller = new AbortController();
  map.set(side, controller);
  return controller;
}
