/**
 * The terminal: taken over at the start and given back on every way out, crashes included. One of the files that know
 * blessed. UI thread.
 */

import { Code, FerryError } from '@ferry/protocol';
import blessed, { type Widgets } from 'blessed';
import type { Size } from '../state/layout.ts';
import { asciiGlyphs, colours, type Look, monochrome, unicodeGlyphs } from './rows/style.ts';
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

/** Its types do not know that it gives what resumes. */
function pauseOf(program: Widgets.Screen['program']): () => void {
  return (program as unknown as { pause: () => () => void }).pause();
}

export function lookFor(env: NodeJS.ProcessEnv): Look {
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || '';
  const isUtf8 = /utf-?8/i.test(locale) || (locale === '' && env['TERM'] !== 'linux');
  const isMono = (env['NO_COLOR'] ?? '') !== '' || /^(vt\d+|.*-m|.*-mono)$/.test(env['TERM'] ?? '');
  return { theme: isMono ? monochrome : colours, glyphs: isUtf8 ? unicodeGlyphs : asciiGlyphs };
}

export class Terminal {
  readonly screen: Widgets.Screen;
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

  /** Another program has the terminal. */
  get isAway(): boolean {
    return this.#away;
  }

  /** Gives the terminal to another program for as long as `work` takes. What is drawn meanwhile goes nowhere. */
  async handOver<T>(work: () => Promise<T>): Promise<T> {
    const { program } = this.screen;
    this.#away = true;
    const resume = pauseOf(program);
    try {
      return await work();
    } finally {
      this.#away = false;
      resume();
      program.hideCursor();
    }
  }

  /** Gives the terminal back as it was. Idempotent. */
  leave(): void {
    if (this.#left) return;
    this.#left = true;
    this.screen.program.showCursor();
    this.screen.destroy();
  }
}
