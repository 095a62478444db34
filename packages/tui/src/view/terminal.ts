/**
 * The terminal: taken over at the start and given back on every way out, crashes included. One of the files that know
 * blessed. UI thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import blessed, { type Widgets } from 'blessed';
import type { Size } from '../state/layout.ts';
import { type Look, unicodeGlyphs } from './rows/style.ts';
import { TerminalInput } from './terminal-input.ts';
import { teachWidths } from './unicode.ts';

export type TerminalStreams = {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
};

/** Terminals whose own description blessed must use; it cannot read the newer format of most others. */
const plain = /^(linux|vt\d+|ansi|cons25)/;

/** @throws {FerryError} USAGE where no screen can be drawn */
export function checkTerminal({ input, output }: TerminalStreams, env: NodeJS.ProcessEnv): void {
  if (!input.isTTY || !output.isTTY) {
    throw new FerryError(Code.USAGE, 'the browser needs a terminal; use ferry ls, get and put without one');
  }
  if (env['TERM'] === undefined || env['TERM'] === '' || env['TERM'] === 'dumb') {
    throw new FerryError(
      Code.USAGE,
      `this terminal (TERM=${env['TERM'] ?? ''}) cannot draw a screen; use ferry ls, get and put`,
    );
  }
}

export class Terminal {
  readonly screen: Widgets.Screen;
  readonly input: TerminalInput;
  readonly #output: NodeJS.WriteStream;
  #left = false;
  #away = false;

  constructor(streams: TerminalStreams, env: NodeJS.ProcessEnv, look: Look) {
    // Line drawing as characters, not by switching the character set.
    process.env['NCURSES_NO_UTF8_ACS'] = '1';
    teachWidths();
    const term = env['TERM'] ?? '';
    this.screen = blessed.screen({
      ...streams,
      terminal: plain.test(term) ? term : 'xterm-256color',
      fullUnicode: look.glyphs === unicodeGlyphs,
      forceUnicode: look.glyphs === unicodeGlyphs,
      smartCSR: false,
      autoPadding: false,
      warnings: false,
      resizeTimeout: 50,
      title: 'ferry',
    });
    this.screen.program.hideCursor();
    this.#output = streams.output;
    this.input = new TerminalInput(streams.input, streams.output);
    this.input.take();
  }

  get size(): Size {
    return { columns: Number(this.screen.width), rows: Number(this.screen.height) };
  }

  get hasLeft(): boolean {
    return this.#left;
  }

  /** What draws nothing: a bell, a notification. Lost while another program has the terminal. */
  write(text: string): void {
    if (!this.#left) this.#output.write(text);
  }

  /** Asks the terminal to keep a text for pasting (OSC 52); many do, some only when told to. */
  copy(text: string): void {
    this.#output.write(`\x1b]52;c;${Buffer.from(text, 'utf8').toString('base64')}\x07`);
  }

  /** Another program has the terminal. */
  get isAway(): boolean {
    return this.#away;
  }

  /** Gives the terminal to another program for as long as `work` takes. What is drawn meanwhile goes nowhere. */
  async handOver<T>(work: () => Promise<T>): Promise<T> {
    await this.input.settled();
    const takeBack = this.#lend();
    try {
      return await work();
    } finally {
      takeBack();
    }
  }

  /**
   * Gives the terminal back and stops this program and all that was started with it, as Ctrl+Z does elsewhere; `again` is called
   * when it goes on, with the terminal taken again.
   */
  async suspend(again: () => void): Promise<void> {
    await this.input.settled();
    const takeBack = this.#lend();
    process.kill(0, 'SIGTSTP');
    // Runs when this program goes on; at once where nobody could have it go on, as the system then does not stop it.
    setTimeout(() => {
      takeBack();
      again();
    }, 20);
  }

  /** @returns takes it again; what was on the screen has to be drawn anew */
  #lend(): () => void {
    const output = this.#output;
    this.#away = true;
    this.input.give();
    modal(this.screen).leave();
    const write = output.write.bind(output);
    output.write = () => true;
    return () => {
      output.write = write;
      this.#away = false;
      this.input.take();
      modal(this.screen).enter();
    };
  }

  /** Gives the terminal back as it was. Idempotent. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.input.give();
    this.screen.program.showCursor();
    this.screen.destroy();
  }
}

/** Its types leave these out. */
function modal(screen: Widgets.Screen): { enter(): void; leave(): void } {
  return screen as Widgets.Screen & { enter(): void; leave(): void };
}
