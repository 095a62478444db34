/** A terminal without a terminal: what the view draws goes through a real emulator, and is read back as text. */

import { PassThrough, Writable } from 'node:stream';
import type { ConnectState } from '@ferry/tui/state/connect';
import type { AppState } from '@ferry/tui/state/state';
import { ConnectView } from '@ferry/tui/view/connect-view';
import { type Look, unicodeGlyphs } from '@ferry/tui/view/rows/style';
import { dark } from '@ferry/tui/view/rows/themes/dark';
import { Terminal } from '@ferry/tui/view/terminal';
import { View } from '@ferry/tui/view/view';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import xterm, { type IUnicodeVersionProvider, type Terminal as XTerminal } from '@xterm/headless';

let provider: IUnicodeVersionProvider | undefined;
new Unicode11Addon().activate({
  unicode: {
    register: (found: IUnicodeVersionProvider) => {
      provider = found;
    },
  },
} as unknown as XTerminal);

/** Cells that the emulator gives a character: a table of another origin than ours, and of 2018. */
export function emulatedCells(char: string): number {
  return provider?.wcwidth(char.codePointAt(0) ?? 0) ?? 0;
}

export const fixedNow = Date.UTC(2026, 9, 20, 12, 0, 0);

export class FakeTerminal {
  readonly #emulator;
  readonly #output: Writable;
  readonly #terminal: Terminal;
  readonly #view: View;
  readonly #look: Look;
  #connect: ConnectView | undefined;
  /** Every byte that was drawn. */
  output = '';

  constructor(columns: number, rows: number, look: Look = { theme: dark, glyphs: unicodeGlyphs }) {
    this.#emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#emulator.loadAddon(new Unicode11Addon());
    this.#emulator.unicode.activeVersion = '11';
    const output = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.output += chunk.toString('utf8');
        this.#emulator.write(chunk, done);
      },
    });
    this.#output = output;
    const input = Object.assign(new PassThrough(), { isTTY: true, isRaw: false, setRawMode: () => input });
    Object.assign(output, { columns, rows, isTTY: true });
    const streams = { input, output } as unknown as { input: NodeJS.ReadStream; output: NodeJS.WriteStream };
    this.#terminal = new Terminal(streams, { TERM: 'xterm-256color' }, look);
    this.#look = look;
    this.#view = new View(this.#terminal, () => look);
  }

  /** Draws a state and gives the screen as text, one line per row, blanks at the ends left out. */
  async draw(state: AppState): Promise<string> {
    this.#view.draw(state, fixedNow);
    await this.#settled();
    const { active } = this.#emulator.buffer;
    const lines: string[] = [];
    for (let y = 0; y < this.#emulator.rows; y++)
      lines.push(active.getLine(y)?.translateToString(true) ?? '');
    return `${lines.join('\n')}\n`;
  }

  /** The same for the connect screen. */
  async drawConnect(state: ConnectState): Promise<void> {
    this.#connect ??= new ConnectView(this.#terminal, this.#look);
    this.#connect.draw(state, fixedNow);
    await this.#settled();
  }

  async #settled(): Promise<void> {
    // What was drawn may still wait for the emulator to take what was drawn before it.
    do await new Promise<void>((done) => setImmediate(done));
    while (this.#output.writableLength > 0);
    await new Promise<void>((done) => this.#emulator.write('', done));
  }

  get view(): View {
    return this.#view;
  }

  /** What the screen is drawn on, with its colours. */
  get emulator(): XTerminal {
    return this.#emulator;
  }

  /** The gauge of all jobs, as some time after the start. */
  async loadGauge(state: AppState): Promise<void> {
    this.#view.draw(state, fixedNow);
    await this.#view.loadGauge();
  }

  /** Columns of a row that hold a frame's side. */
  bordersAt(y: number): number[] {
    const line = this.#emulator.buffer.active.getLine(y);
    return Array.from({ length: this.#emulator.cols }, (_, x) => x).filter(
      (x) => line?.getCell(x)?.getChars() === '│',
    );
  }

  close(): void {
    this.#terminal.leave();
    this.#emulator.dispose();
  }
}
