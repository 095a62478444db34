/**
 * A real terminal for stories: a program in a tmux window of its own, keys pressed into it, its screen read as text.
 * Everything waits for a condition on the screen; nothing sleeps for a time.
 */

import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** How often the screen is looked at, and how long a condition may take on a busy machine. */
const lookMs = 30;
const patienceMs = 30_000;

export const haveTmux = spawnSync('tmux', ['-V']).status === 0;

export class Terminal {
  readonly #socket = `ferry-test-${randomBytes(6).toString('hex')}`;
  readonly #codeFile = join(tmpdir(), `${this.#socket}.code`);

  /** Starts `command` at once; the window stays when it ends, so that its last screen can be read. */
  constructor(
    command: readonly string[],
    opts: { columns?: number; rows?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
  ) {
    const { columns = 120, rows = 36, env = process.env, cwd = process.cwd() } = opts;
    // The window starts without the program, so that `remain-on-exit` is set before it can end.
    this.#tmux(
      ['-f', '/dev/null', 'new-session', '-d', '-x', String(columns), '-y', String(rows), '-c', cwd, 'sh'],
      env,
    );
    this.#tmux(['set-option', '-g', 'remain-on-exit', 'on']);
    this.#tmux(['set-option', '-g', 'escape-time', '0']);
    const quoted = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    // A shell around it keeps the exit code: tmux does not always learn it.
    this.#tmux(['respawn-pane', '-k', `${quoted}; echo $? > '${this.#codeFile}'`]);
  }

  #tmux(args: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
    const done = spawnSync('tmux', ['-L', this.#socket, ...args], {
      env: { ...env, TMUX: '' },
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`tmux ${args[0]}: ${done.stderr}`);
    return done.stdout;
  }

  /** tmux key names: 'Down', 'F5', 'Enter', 'BSpace', 'a'. */
  press(...keys: readonly string[]): void {
    this.#tmux(['send-keys', ...keys]);
  }

  type(text: string): void {
    this.#tmux(['send-keys', '-l', text]);
  }

  /** As a terminal pastes, with the marks around it where the program asked for them. */
  paste(text: string): void {
    this.#tmux(['set-buffer', text]);
    this.#tmux(['paste-buffer', '-p', '-d']);
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
    this.#tmux(['resize-window', '-x', String(columns), '-y', String(rows)]);
  }

  /** With `colours`, the escape sequences that the program's styles come to. */
  screen(as: 'text' | 'colours' = 'text'): string {
    return this.#tmux(['capture-pane', '-p', ...(as === 'colours' ? ['-e'] : [])]);
  }

  /** The exit code of the program, undefined while it runs. */
  exitCode(): number | undefined {
    try {
      const code = readFileSync(this.#codeFile, 'utf8').trim();
      return code === '' ? undefined : Number(code);
    } catch {
      return undefined;
    }
  }

  /** The program's process. */
  pid(): number {
    const shell = this.#tmux(['display-message', '-p', '#{pane_pid}']).trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0]);
  }

  /** Whether the program left the alternate screen on, which a terminal after it would show. */
  alternate(): boolean {
    return this.#tmux(['display-message', '-p', '#{alternate_on}']).trim() === '1';
  }

  /** Whether the program has the mouse, or left it on. */
  mouse(): boolean {
    return this.#tmux(['display-message', '-p', '#{mouse_any_flag}']).trim() === '1';
  }

  /** Waits until the screen satisfies `met`; fails with the screen as it was last. */
  async until(what: string, met: (screen: string) => boolean): Promise<string> {
    const end = performance.now() + patienceMs;
    for (;;) {
      const screen = this.screen();
      if (met(screen)) return screen;
      if (performance.now() > end) throw new Error(`waited for ${what}; the screen was:\n${screen}`);
      await pause(lookMs);
    }
  }

  shows(text: string | RegExp): Promise<string> {
    return this.until(`«${text}»`, (screen) =>
      typeof text === 'string' ? screen.includes(text) : text.test(screen),
    );
  }

  lacks(text: string): Promise<string> {
    return this.until(`no «${text}»`, (screen) => !screen.includes(text));
  }

  async ended(): Promise<number> {
    await this.until('the program to end', () => this.exitCode() !== undefined);
    return this.exitCode() ?? 0;
  }

  close(): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
    rmSync(this.#codeFile, { force: true });
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
