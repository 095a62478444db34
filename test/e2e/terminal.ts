/**
 * A real terminal for stories: a program on a pseudo terminal of its own (util-linux' `script` makes it), what it draws taken
 * in by an emulator, keys pressed into it, its screen read as text. Everything waits for a condition on the screen, which is
 * looked at whenever something was drawn; nothing sleeps for a time.
 */

import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { Unicode11Addon } from '@xterm/addon-unicode11';
import xterm from '@xterm/headless';
import { keyBytes } from '../support/key-bytes.ts';

/** How long a condition may take on a busy machine, and how often one outside of any screen is looked at. */
const patienceMs = 30_000;
const lookMs = 30;

export const haveTerminal = /util-linux/.test(
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '',
);
export const noTerminal = 'script of util-linux is not installed';

export class Terminal {
  readonly #emulator;
  readonly #script: ChildProcessByStdio<Writable, Readable, null>;
  readonly #looks = new Set<() => void>();
  /** The last key was Esc, and nothing was drawn since. */
  #escaped = false;
  #pid: number | undefined;
  #code: number | undefined;

  /** Starts `command` at once; what it drew last can be read after its end. */
  constructor(
    command: readonly string[],
    opts: { columns?: number; rows?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
  ) {
    const { columns = 120, rows = 36, env = process.env, cwd = process.cwd() } = opts;
    this.#emulator = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
    this.#emulator.loadAddon(new Unicode11Addon());
    this.#emulator.unicode.activeVersion = '11';
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    // `script` gives a terminal without a size to whoever has none.
    this.#script = spawn(
      'script',
      ['-qefc', `stty rows ${rows} cols ${columns}; exec ${quoted}`, '/dev/null'],
      { env: { ...env, SHELL: '/bin/sh', TMUX: '' }, cwd, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    this.#script.stdout.on('data', (bytes: Buffer) => {
      this.#escaped = false;
      this.#emulator.write(bytes, () => this.#look());
    });
    // What is pressed after its end goes nowhere.
    this.#script.stdin.on('error', () => {});
    this.#emulator.onData((answer) => this.type(answer));
    this.#script.once('close', (code, signal) => {
      this.#code = code ?? (signal === null ? 0 : 255);
      this.#emulator.write('', () => this.#look());
    });
  }

  #look(): void {
    for (const look of this.#looks) look();
  }

  /**
   * Names as in the key table: 'Down', 'F5', 'S-Up', 'C-x', 'a'; upper and lower case count for letters alone. After Esc
   * something has to be waited for: a terminal that sends another key with it means Alt.
   */
  press(...keys: readonly string[]): void {
    const names = keys.map((key) => key.replace(/[A-Za-z\d]{2,}$/, (name) => name.toLowerCase()));
    if (this.#escaped || names.slice(0, -1).includes('escape'))
      throw new RangeError('wait for what Esc does');
    this.#escaped = names.includes('escape');
    this.type(names.map(keyBytes).join(''));
  }

  type(text: string): void {
    this.#script.stdin.write(text);
  }

  /** As a terminal pastes, with the marks around it where the program asked for them. */
  paste(text: string): void {
    const marked = this.#emulator.modes.bracketedPasteMode;
    this.type(marked ? `\x1b[200~${text}\x1b[201~` : text);
  }

  /** Presses the left button there and lets it go; or with `to`, drags it. From 0, top left. */
  click(x: number, y: number, to?: { readonly x: number; readonly y: number }): void {
    const at = (button: number, end: string, px: number, py: number): string =>
      `\x1b[<${button};${px + 1};${py + 1}${end}`;
    const last = to ?? { x, y };
    this.type(
      `${at(0, 'M', x, y)}${to === undefined ? '' : at(32, 'M', to.x, to.y)}${at(0, 'm', last.x, last.y)}`,
    );
  }

  resize(columns: number, rows: number): void {
    const device = readlinkSync(`/proc/${this.pid()}/fd/0`);
    this.#emulator.resize(columns, rows);
    const { status } = spawnSync('stty', ['-F', device, 'rows', String(rows), 'cols', String(columns)]);
    if (status !== 0) throw new Error(`stty cannot size ${device}`);
  }

  screen(): string {
    const { active } = this.#emulator.buffer;
    const lines = Array.from(
      { length: this.#emulator.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? '',
    );
    return `${lines.join('\n')}\n`;
  }

  /** Whether anything on the screen is of another colour than the terminal's own. */
  hasColour(): boolean {
    const { active } = this.#emulator.buffer;
    return Array.from({ length: this.#emulator.rows }, (_, y) => active.getLine(active.baseY + y)).some(
      (line) =>
        Array.from({ length: this.#emulator.cols }, (_, x) => line?.getCell(x)).some(
          (cell) => cell !== undefined && !(cell.isFgDefault() && cell.isBgDefault()),
        ),
    );
  }

  /** The exit code of the program, undefined while it runs. */
  exitCode(): number | undefined {
    return this.#code;
  }

  /** The program's process. */
  pid(): number {
    const { pid } = this.#script;
    this.#pid ??= Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
    return this.#pid;
  }

  /** Whether the program left the alternate screen on, which a terminal after it would show. */
  alternate(): boolean {
    return this.#emulator.buffer.active.type === 'alternate';
  }

  /** Whether the program has the mouse, or left it on. */
  mouse(): boolean {
    return this.#emulator.modes.mouseTrackingMode !== 'none';
  }

  /** Waits until the screen satisfies `met`; fails with the screen as it was last. */
  until(what: string, met: (screen: string) => boolean): Promise<string> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#looks.delete(look);
        clearTimeout(timer);
      };
      const look = (): void => {
        const screen = this.screen();
        if (!met(screen)) return;
        end();
        resolve(screen);
      };
      const timer = setTimeout(() => {
        end();
        reject(new Error(`waited for ${what}; the screen was:\n${this.screen()}`));
      }, patienceMs);
      this.#looks.add(look);
      look();
    });
  }

  shows(text: string | RegExp): Promise<string> {
    return this.until(`«${text}»`, (screen) =>
      typeof text === 'string' ? screen.includes(text) : text.test(screen),
    );
  }

  lacks(text: string | RegExp): Promise<string> {
    return this.until(`no «${text}»`, (screen) =>
      typeof text === 'string' ? !screen.includes(text) : !text.test(screen),
    );
  }

  /** Waits until an Esc that was pressed has changed something. */
  async calm(): Promise<void> {
    await this.until('what Esc does', () => !this.#escaped);
  }

  async ended(): Promise<number> {
    await this.until('the program to end', () => this.#code !== undefined);
    return this.#code ?? 0;
  }

  /** Takes the terminal away; a program that still runs hears of it by SIGHUP. */
  close(): void {
    if (this.#code === undefined) this.#script.kill('SIGKILL');
    this.#emulator.dispose();
  }
}

/** Waits for a condition outside of any screen. */
export async function eventually(what: string, met: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await met())) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await pause(lookMs);
  }
}
