/**
 * The browser's loop: key or event → message → update → effects, and a frame for what changed. The only place where state,
 * engine and screen meet. UI thread.
 */

import { type Path, show } from '@ferry/protocol';
import { Effects } from './effects/run.ts';
import type { Engine } from './engine/engine.ts';
import { layerOf, lookUp } from './keymap/keymap.ts';
import type { Msg } from './state/msg.ts';
import { initialState } from './state/state.ts';
import { update } from './state/update.ts';
import { unsaved } from './state/update-edit.ts';
import { FrameTimer, type Urgency } from './view/frame.ts';
import { type BlessedKey, type Pressed, pressed } from './view/keys.ts';
import { checkTerminal, lookFor, Terminal, type TerminalStreams } from './view/terminal.ts';
import { View } from './view/view.ts';

export type BrowserOpts = {
  readonly engine: Engine;
  readonly remotePath: Path;
  readonly localPath: Path;
  /** As shown in the title. */
  readonly address: string;
  readonly streams?: TerminalStreams;
  readonly env?: NodeJS.ProcessEnv;
};

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Draws, and resolves with the exit code when the user has quit or a signal came. The terminal is as before then, and
 * the engine is closed. @throws {FerryError} USAGE where no screen can be drawn
 */
export async function runBrowser(opts: BrowserOpts): Promise<number> {
  const { engine, streams = { input: process.stdin, output: process.stdout }, env = process.env } = opts;
  checkTerminal(streams, env);
  const look = lookFor(env);
  const terminal = new Terminal(streams, env, look);
  let copies: ReturnType<typeof unsaved> = [];
  const code = await new Promise<number>((resolve) => {
    const view = new View(terminal, look);
    let state = initialState(terminal.size, opts.address, opts.remotePath, opts.localPath);
    let isFirstListing = true;
    const frames = new FrameTimer(() => view.draw(state, Date.now()));
    const effects = new Effects({
      engine,
      post: (msg) => post(msg, urgencyOf(msg)),
      quit: () => resolve(0),
      env,
      handOver,
      write: (text) => terminal.write(text),
    });
    async function handOver<T>(work: () => Promise<T>): Promise<T> {
      try {
        return await terminal.handOver(work);
      } finally {
        view.redraw();
      }
    }

    function post(msg: Msg, urgency: Urgency): void {
      const [next, cmds] = update(state, msg);
      const changed = next !== state;
      state = next;
      copies = unsaved(state);
      for (const cmd of cmds) effects.run(cmd);
      if (changed) frames.want(urgency, performance.now());
      if (msg.kind === 'listed' && isFirstListing) {
        isFirstListing = false;
        // After the frame that shows the listing.
        setTimeout(() => void view.loadGauge(), 100);
      }
    }

    function press({ key, text }: Pressed): void {
      const layer = layerOf(state);
      const binding = lookUp(layer, key);
      if (binding === undefined) {
        if (layer === 'prompt' && text !== undefined) post({ kind: 'typed', text }, 'key');
        return;
      }
      if (binding.action === 'redraw') {
        view.redraw();
        return;
      }
      const why = binding.disabled?.(state);
      if (why !== undefined) {
        state = { ...state, notice: { text: why, isError: true } };
        frames.want('key', performance.now());
        return;
      }
      post({ kind: 'action', action: binding.action }, 'key');
    }

    terminal.screen.on('keypress', (char: string | undefined, key: BlessedKey | undefined) => {
      const stroke = pressed(char, key);
      if (stroke !== undefined) press(stroke);
    });
    terminal.screen.on('resize', () => post({ kind: 'resized', size: terminal.size }, 'news'));
    engine.onEvent((event) => post({ kind: 'engine', event }, event.kind === 'jobs' ? 'progress' : 'news'));
    // Not `once`: blessed ends the program at a signal for which it is the only listener.
    for (const [signal, number] of Object.entries(signalNumbers))
      process.on(signal, () => {
        // Ctrl+C in an editor is the editor's.
        if (signal !== 'SIGINT' || !terminal.isAway) resolve(128 + number);
      });
    onCrash((error) => {
      terminal.leave();
      process.stderr.write(
        `ferry ends because of a bug: ${show(error instanceof Error ? (error.stack ?? error.message) : String(error)).replaceAll('\\n', '\n')}\n`,
      );
      process.exit(1);
    });
    post({ kind: 'started' }, 'key');
  });
  terminal.leave();
  for (const { name, place } of copies) streams.output.write(`${name} is not saved; yours is ${place}\n`);
  await engine.close();
  return code;
}

/** What comes in pages can wait for company; the rest is news. */
function urgencyOf({ kind }: Msg): Urgency {
  return kind === 'space' ? 'progress' : 'news';
}

function onCrash(end: (error: unknown) => void): void {
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
