/**
 * The browser's loop: key or event → message → update → effects, and a frame for what changed. The only place where state,
 * engine and screen meet. UI thread.
 */

import { type Path, show, trusted } from '@ferry/protocol';
import type { Choices } from './connect-app.ts';
import { type KeysOpts, readKeys } from './effects/keys-file.ts';
import { RememberedFile } from './effects/remembered-file.ts';
import { Effects } from './effects/run.ts';
import type { Engine, OpenServer, Side } from './engine/engine.ts';
import type { Msg } from './state/msg.ts';
import { initialState } from './state/state.ts';
import { keysReport } from './state/texts.ts';
import { update } from './state/update.ts';
import { unsaved } from './state/update-edit.ts';
import { FrameTimer, type Urgency } from './view/frame.ts';
import { lookFor } from './view/rows/themes.ts';
import { checkTerminal, Terminal, type TerminalStreams } from './view/terminal.ts';
import { View } from './view/view.ts';

export type BrowserOpts = {
  readonly engine: Engine;
  readonly remotePath: Path;
  readonly localPath: Path;
  readonly keys: KeysOpts;
  /** Others on the server may see the folder on the screen and what moves. */
  readonly isShown?: boolean | undefined;
  /** What it remembers from one start to the next. */
  readonly rememberedFile: string;
  /** As shown in the title. */
  readonly address: string;
  /** Further servers that panes may show; undefined: there is only this one. */
  readonly choices?: Choices<ChosenServer>;
  readonly streams?: TerminalStreams;
  readonly env?: NodeJS.ProcessEnv;
};

/** Whom to open, and the folder that was named. */
export type ChosenServer = { readonly server: OpenServer; readonly path: Path };

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Draws, and resolves with the exit code when the user has quit or a signal came. The terminal is as before then, and
 * the engine is closed. @throws {FerryError} USAGE where no screen can be drawn
 */
export async function runBrowser(opts: BrowserOpts): Promise<number> {
  const { engine, streams = { input: process.stdin, output: process.stdout }, env = process.env } = opts;
  checkTerminal(streams, env);
  const { keymap, escapeMs, problems } = readKeys(opts.keys);
  const rememberedFile = new RememberedFile(opts.rememberedFile);
  const remembered = rememberedFile.read();
  const terminal = new Terminal(streams, env, lookFor(env, remembered.theme));
  const warnings = heldWarnings();
  let copies: ReturnType<typeof unsaved> = [];
  const view = new View(terminal, (theme) => lookFor(env, theme));
  const code = await new Promise<number>((resolve) => {
    let state = initialState({
      size: terminal.size,
      keymap,
      escapeMs,
      address: opts.address,
      remote: opts.remotePath,
      local: opts.localPath,
      remembered,
      isShown: opts.isShown ?? false,
    });
    if (problems.length > 0) {
      const lines = [show(opts.keys.file), trusted(''), ...problems, trusted(''), keysReport.rest];
      state = { ...state, dialog: { kind: 'words', title: keysReport.title, lines, top: 0 } };
    }
    let isFirstListing = true;
    let ticks: NodeJS.Timeout | undefined;
    /** The connect screen lies over this one: nothing is drawn below it. */
    let isChoosing = false;
    const frames = new FrameTimer(() => {
      if (!isChoosing) view.draw(state, Date.now());
    });
    const effects = new Effects({
      engine,
      post: (msg) => post(msg, urgencyOf(msg)),
      redraw: () => view.redraw(),
      suspend: () => void terminal.suspend(() => post({ kind: 'resized', size: terminal.size }, 'key')),
      copy: (text) => terminal.copy(text),
      remember: (now) => rememberedFile.keep(now),
      quit: () => resolve(0),
      env,
      whereOf: (side) => state[side].where,
      chooseServer: (side) => void choose(side),
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
    /** On the connect screen, over this one. */
    async function choose(side: Side): Promise<void> {
      if (opts.choices === undefined) return;
      isChoosing = true;
      const { chooseOn } = await import('./connect-app.ts');
      const look = lookFor(env, state.remembered.theme);
      const chosen = await chooseOn(terminal, look, opts.choices).finally(() => {
        isChoosing = false;
        frames.want('key', performance.now());
      });
      void view.loadGauge();
      if (chosen === undefined) return;
      const where = engine.open(chosen.server);
      post({ kind: 'server-chosen', side, where, path: chosen.path }, 'key');
    }
    let lastInputMs = Number.NEGATIVE_INFINITY;
    let lastPressMs = Number.NEGATIVE_INFINITY;

    function post(msg: Msg, urgency: Urgency): void {
      const [next, cmds] = update(state, msg);
      const changed = next !== state;
      state = next;
      copies = unsaved(state);
      for (const cmd of cmds) effects.run(cmd);
      if (changed) frames.want(urgency, performance.now());
      terminal.input.wantMouse(state.remembered.mouse);
      // Counts down to the next attempt.
      if (msg.kind === 'engine' && msg.event.kind === 'connection') {
        clearInterval(ticks);
        const all = [state.connection, ...state.others.values()];
        if (all.some(({ phase }) => phase === 'offline'))
          ticks = setInterval(() => post({ kind: 'tick' }, 'progress'), 1000).unref();
      }
      if (msg.kind === 'listed' && isFirstListing) {
        isFirstListing = false;
        // After the frame that shows the listing.
        setTimeout(() => {
          terminal.input.ask((answer) => view.hear(answer));
          if (!isChoosing) void view.loadGauge();
        }, 100);
      }
    }

    terminal.input.onEvent((event) => {
      const nowMs = performance.now();
      const sinceMs = nowMs - lastInputMs;
      switch (event.kind) {
        case 'key':
          post({ ...event, sinceMs }, 'key');
          break;
        case 'paste':
          post({ kind: 'typed', text: event.text }, 'key');
          break;
        case 'mouse':
          post({ ...event, sinceMs: nowMs - lastPressMs }, 'key');
          if (event.what === 'press') lastPressMs = nowMs;
          break;
      }
      lastInputMs = nowMs;
    });
    terminal.screen.on('resize', () => {
      if (view.hasSixels) terminal.input.askCells();
      post({ kind: 'resized', size: terminal.size }, 'news');
    });
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
  await terminal.input.settled();
  view.leave();
  terminal.leave();
  for (const warning of warnings) streams.output.write(`${warning.split('\n').map(show).join('\n')}\n`);
  for (const { name, place } of copies) streams.output.write(`${name} is not saved; yours is ${place}\n`);
  await Promise.all([engine.close(), rememberedFile.flush()]);
  return code;
}

/** What comes in pages can wait for company; the rest is news. */
function urgencyOf({ kind }: Msg): Urgency {
  return kind === 'space' ? 'progress' : 'news';
}

/** So many are kept. */
const mostWarnings = 8;

/** What the runtime warns of, which it would write over the screen; for afterwards. */
function heldWarnings(): readonly string[] {
  const held: string[] = [];
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => {
    if (held.length < mostWarnings) held.push(`${name}: ${message}`);
  });
  return held;
}

function onCrash(end: (error: unknown) => void): void {
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
