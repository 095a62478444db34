/**
 * The user's editor on a file: the screen is handed over and taken back, a copy of a server's file fetched before and stored
 * after. Each command ends in one message, or in none when it was stopped. UI thread.
 */

import { spawn } from 'node:child_process';
import { type Facts, type Path, parentPath, type Shown, show, trusted } from '@ferry/protocol';
import type { Engine, Where } from '../engine/engine.ts';
import type { EditCmd, EditMsg } from '../state/edit.ts';
import type { Msg } from '../state/msg.ts';
import { wire } from './wire.ts';

export type EditingOpts = {
  readonly engine: Engine;
  readonly post: (msg: Msg) => void;
  readonly env: NodeJS.ProcessEnv;
  /** Gives the terminal to somebody else for as long as `work` takes. */
  readonly handOver: <T>(work: () => Promise<T>) => Promise<T>;
};

export class Editing {
  readonly #opts: EditingOpts;
  readonly #running = new Map<number, AbortController>();

  constructor(opts: EditingOpts) {
    this.#opts = opts;
  }

  run(cmd: EditCmd): void {
    const { edits } = this.#opts.engine.at(cmd.where);
    switch (cmd.kind) {
      case 'fetch-copy': {
        const { request } = cmd;
        this.#do(
          request,
          async (signal) => ({
            kind: 'copy-fetched',
            request,
            copy: await edits.fetch(cmd.path, { signal }),
          }),
          (error) => ({ kind: 'copy-unfetched', request, error: wire(error) }),
        );
        break;
      }
      case 'run-editor':
        void this.#edit(cmd);
        break;
      case 'store-copy':
        void this.#store(cmd);
        break;
      case 'compare-copy': {
        const { request, copy, path } = cmd;
        this.#do(
          request,
          async (signal) => ({
            kind: 'copy-compared',
            request,
            lines: await edits.difference(copy.copy, path, { signal }),
          }),
          (error) => ({ kind: 'copy-uncompared', request, error: wire(error) }),
        );
        break;
      }
      case 'find-leftovers':
        edits.leftovers().then(
          (copies) => this.#opts.post({ kind: 'leftovers', copies }),
          // A folder that cannot be read is of no interest now.
          () => {},
        );
        break;
      case 'leave-copy':
        edits.leave(cmd.copy).catch(() => {});
        break;
      case 'drop-copy':
        // A copy that cannot be removed is in nobody's way.
        edits.drop(cmd.copy.copy).catch(() => {});
        break;
    }
  }

  stop(request: number): void {
    this.#running.get(request)?.abort();
  }

  #do(
    request: number,
    work: (signal: AbortSignal) => Promise<EditMsg>,
    otherwise: (error: unknown) => EditMsg,
  ): void {
    const controller = new AbortController();
    this.#running.set(request, controller);
    void work(controller.signal)
      .catch(otherwise)
      .then((msg) => {
        if (!controller.signal.aborted) this.#opts.post(msg);
      })
      .finally(() => this.#running.delete(request));
  }

  async #edit({ request, file, copy, where }: EditCmd & { kind: 'run-editor' }): Promise<void> {
    const { post, handOver, env, engine } = this.#opts;
    const problem = await handOver(() => runEditor(file, env));
    let isChanged = false;
    let trouble = problem;
    if (copy === undefined) {
      post({ kind: 'engine', event: { kind: 'changed', where: '', folder: parentPath(file) } });
    } else {
      try {
        isChanged = (await engine.at(where).edits.digest(copy.copy)) !== copy.digest;
      } catch (error) {
        trouble = show(`the copy cannot be read any more: ${wire(error)[1]}`);
      }
    }
    post({ kind: 'editor-ended', request, isChanged, problem: trouble });
  }

  async #store({ request, path, copy, replaces, where }: EditCmd & { kind: 'store-copy' }): Promise<void> {
    const { engine, post } = this.#opts;
    try {
      const { mode } = copy.version;
      const facts = await engine.at(where).edits.store({ copy: copy.copy, path, replaces, mode });
      post({ kind: 'copy-stored', request, facts });
      post({
        kind: 'engine',
        event: { kind: 'changed', where: where ?? engine.where, folder: parentPath(path) },
      });
    } catch (error) {
      post({ kind: 'copy-unstored', request, error: wire(error), there: await this.#there(path, where) });
    }
  }

  async #there(path: Path, where: Where | undefined): Promise<Facts | undefined> {
    const { engine } = this.#opts;
    try {
      return await engine.source(where ?? engine.where).stat(path, { signal: AbortSignal.timeout(lookMs) });
    } catch {
      return undefined;
    }
  }
}

/** How long is waited for word about what has the name now, milliseconds. */
const lookMs = 5000;

/** Resolves when the editor has ended, with what went wrong. */
async function runEditor(file: Path, env: NodeJS.ProcessEnv): Promise<Shown | undefined> {
  const command = env['VISUAL'] || env['EDITOR'] || 'vi';
  const place = textOf(file);
  if (place === undefined)
    return trusted('the name of that file is not UTF-8, and no editor can be told of it');
  return new Promise((resolve) => {
    // As git does it: the variable may hold options, the file's name is never read by the shell.
    const child = spawn('/bin/sh', ['-c', `${command} "$@"`, command, place], { stdio: 'inherit', env });
    child.once('error', (error) => resolve(show(`the editor cannot be started: ${error.message}`)));
    child.once('exit', (code, signal) => {
      if (code === 127) resolve(show(`there is no editor ${command}; set $VISUAL or $EDITOR`));
      else if (code !== 0) resolve(show(`the editor ended with ${signal ?? code}`));
      else resolve(undefined);
    });
  });
}

function textOf(file: Path): string | undefined {
  const bytes = Buffer.from(`/${file.join('/')}`, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}
