/** The connect screen on the terminal: one box for all of it, one for its dialog. Decides nothing. UI thread. */

import type { ConnectState } from '../state/connect.ts';
import { connectTexts } from '../state/connect-texts.ts';
import { smallest } from '../state/layout.ts';
import { RowBox } from './row-box.ts';
import { connectDialogRows, connectRowsOf } from './rows/connect-rows.ts';
import type { Look } from './rows/style.ts';
import type { Terminal } from './terminal.ts';
import { render } from './view.ts';

export class ConnectView {
  readonly #look: Look;
  readonly #page: RowBox;
  readonly #dialog: RowBox;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal, look: Look) {
    this.#terminal = terminal;
    this.#look = look;
    this.#page = new RowBox(terminal.screen);
    this.#dialog = new RowBox(terminal.screen);
    this.#dialog.hide();
  }

  draw(state: ConnectState, nowMs: number): void {
    const { columns, rows } = state.size;
    const isTooSmall = columns < smallest.columns || rows < smallest.rows;
    this.#page.place({ left: 0, top: 0, width: columns, height: rows });
    const page = isTooSmall ? [connectTexts.tooSmall] : connectRowsOf(state, nowMs, this.#look);
    this.#page.fill(page);
    if (state.dialog === undefined || isTooSmall) {
      this.#dialog.hide();
    } else {
      const dialog = connectDialogRows(state.dialog, state, this.#look);
      this.#dialog.place(dialog.rect);
      this.#dialog.fill(dialog.rows);
      this.#dialog.show();
    }
    render(this.#terminal);
  }

  /** What lies below is seen again. */
  close(): void {
    this.#page.remove();
    this.#dialog.remove();
    render(this.#terminal);
  }
}
