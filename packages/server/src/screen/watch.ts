/**
 * `ferryd status --watch`: the server's screen, in a process of its own, so that nothing that goes wrong here harms a server. Composes
 * state, rows and terminal with the server's status socket.
 */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { asFerryError, Code, FerryError, show } from '@ferry/protocol';
import type { Places } from '../config.ts';
import { ServerWatch } from '../owner/server-watch.ts';
import type { FromServer } from '../supervisor/status-talk.ts';
import { frameOf } from './frame.ts';
import { type Look, lookFor } from './look.ts';
import { firstState, type ScreenCmd, type ScreenMsg, type ScreenState } from './state.ts';
import { TerminalScreen } from './terminal-screen.ts';
import { update } from './update.ts';

export type WatchOpts = {
  readonly places: Places;
  /** Only this one; undefined: whatever runs, and what is started later. */
  readonly pid: number | undefined;
  readonly env: NodeJS.ProcessEnv;
};

/** How the screen was left: by a key, by the one that ends the server too, or because that server has gone, or never was. */
export type Left = 'screen' | 'all' | 'gone' | 'never-there';

/** Between two looks for a server while there is none, milliseconds. */
const searchMs = 500;
/** A frame is drawn at most so often; keys draw at once. */
const frameMs = 100;

/** Resolves when the user leaves it, or the one server that it is about has gone. @throws {FerryError} USAGE without a terminal */
export function watchServers(opts: WatchOpts): Promise<Left> {
  const { stdin: input, stdout: output } = process;
  if (!input.isTTY || !output.isTTY || ['', 'dumb'].includes(opts.env['TERM'] ?? '')) {
    throw new FerryError(Code.USAGE, 'the screen needs a terminal; without one there is ferryd status');
  }
  // Node would write its warnings over the screen.
  process.removeAllListeners('warning');
  const look = lookFor(opts.env);
  const terminal = new TerminalScreen({ input, output }, opts.env, look);
  const left = new Promise<Left>((resolve) => new Watch(opts, look, terminal, resolve));
  // However it ends, the terminal is as it was.
  process.on('exit', () => terminal.leave());
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'] as const) {
    process.on(signal, () => {
      terminal.leave();
      process.exit(1);
    });
  }
  process.on('uncaughtException', (error) => {
    terminal.leave();
    process.stderr.write(`ferryd: the screen ends because of a bug: ${show(error.stack ?? String(error))}\n`);
    process.exit(1);
  });
  return left.finally(() => terminal.leave());
}

class Watch {
  readonly #opts: WatchOpts;
  readonly #look: Look;
  readonly #terminal: TerminalScreen;
  readonly #onLeft: (left: Left) => void;
  #state: ScreenState;
  #watch: ServerWatch | undefined;
  /** The socket that is looked at. */
  #path: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frame: NodeJS.Timeout | undefined;

  constructor(opts: WatchOpts, look: Look, terminal: TerminalScreen, onLeft: (left: Left) => void) {
    this.#opts = opts;
    this.#look = look;
    this.#terminal = terminal;
    this.#onLeft = onLeft;
    this.#state = firstState(terminal.size);
    terminal.onKey(({ key, text }) => {
      this.#take({ kind: 'key', key, text });
      this.#draw();
    });
    terminal.onSize(() => {
      this.#take({ kind: 'size', size: terminal.size });
      this.#draw();
    });
    this.#search(0);
    this.#draw();
  }

  /** Looks at a server: the one `by` behind the one that it was, or any. */
  #search(by: number): void {
    clearTimeout(this.#timer);
    const paths = this.#paths();
    const at = this.#path === undefined ? -1 : paths.indexOf(this.#path);
    const which = at < 0 ? 0 : (at + by) % paths.length;
    const path = paths[which];
    if (path === undefined) {
      this.#timer = setTimeout(() => this.#search(0), searchMs);
      return;
    }
    this.#path = path;
    const watch = new ServerWatch(path, {
      onTold: (told) => {
        if (watch === this.#watch) this.#hear(told, paths.length, which);
      },
      onEnd: () => {
        if (watch === this.#watch) this.#lost();
      },
    });
    this.#watch?.close();
    this.#watch = watch;
  }

  #paths(): readonly string[] {
    const { places, pid } = this.#opts;
    if (pid !== undefined) return [join(places.statusFolder, `${pid}.sock`)];
    try {
      const names = readdirSync(places.statusFolder).filter((name) => name.endsWith('.sock'));
      return names.toSorted().map((name) => join(places.statusFolder, name));
    } catch {
      return [];
    }
  }

  #hear(told: FromServer, servers: number, which: number): void {
    if (told.say === 'status') {
      const { status } = told;
      if (this.#state.told?.id !== status.id) {
        const { log } = this.#state;
        this.#take({ kind: 'server', servers, which });
        this.#take({ kind: 'log', lines: log });
      }
      this.#take({ kind: 'status', status, nowMs: Date.now() });
    } else if (told.say === 'log') this.#take({ kind: 'log', lines: told.lines });
    this.#drawSoon();
  }

  #lost(): void {
    this.#watch = undefined;
    if (this.#opts.pid !== undefined) {
      this.#onLeft(this.#state.status === undefined ? 'never-there' : 'gone');
      return;
    }
    this.#take({ kind: 'lost' });
    this.#drawSoon();
    this.#timer = setTimeout(() => {
      this.#path = undefined;
      this.#search(0);
    }, searchMs);
  }

  #take(msg: ScreenMsg): void {
    const [next, commands] = update(this.#state, msg);
    this.#state = next;
    for (const command of commands) this.#run(command);
  }

  #run(command: ScreenCmd): void {
    switch (command.kind) {
      case 'quit':
        clearTimeout(this.#timer);
        clearTimeout(this.#frame);
        this.#watch?.close();
        this.#watch = undefined;
        this.#onLeft(command.end ? 'all' : 'screen');
        break;
      case 'next-server':
        this.#take({ kind: 'server', servers: this.#state.servers, which: this.#state.which });
        this.#search(1);
        break;
      case 'order':
        void this.#say(async () => {
          await this.#watch?.order(command.order);
          return command.done;
        });
        break;
    }
  }

  async #say(work: () => Promise<ReturnType<typeof show>>): Promise<void> {
    try {
      this.#take({ kind: 'said', notice: { text: await work(), isError: false } });
    } catch (thrown) {
      const { message } = asFerryError(thrown);
      this.#take({ kind: 'said', notice: { text: show(message), isError: true } });
    }
    this.#draw();
  }

  #drawSoon(): void {
    this.#frame ??= setTimeout(() => this.#draw(), frameMs);
  }

  #draw(): void {
    clearTimeout(this.#frame);
    this.#frame = undefined;
    this.#terminal.draw(frameOf(this.#state, { look: this.#look, nowMs: Date.now(), clock }));
  }
}

/** Local time. */
function clock(ms: number): string {
  const time = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
