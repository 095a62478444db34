/** The connect screen on the terminal: one box for all of it, one for its dialog. Decides nothing. UI thread. */

import type { Widgets } from 'blessed';
import type { ConnectState } from '../state/connect.ts';
import { smallest } from '../state/layout.ts';
import { rowBox } from './row-box.ts';
import { connectDialogRows, connectRowsOf } from './rows/connect-rows.ts';
import type { Look } from './rows/style.ts';
import type { Terminal } from './terminal.ts';
import { put, render } from './view.ts';

export class ConnectView {
  readonly #look: Look;
  readonly #page: Widgets.BoxElement;
  readonly #dialog: Widgets.BoxElement;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal, look: Look) {
    this.#terminal = terminal;
    this.#look = look;
    this.#page = rowBox(terminal.screen);
    this.#dialog = rowBox(terminal.screen);
    this.#dialog.hide();
  }

  draw(state: ConnectState, nowMs: number): void {
    const { columns, rows } = state.size;
    const isTooSmall = columns < smallest.columns || rows < smallest.rows;
    put(this.#page, { left: 0, top: 0, width: columns, height: rows });
    const page = isTooSmall ? ['ferry: make the window larger'] : connectRowsOf(state, nowMs, this.#look);
    this.#page.setContent(page.join('\n'));
    if (state.dialog === undefined || isTooSmall) {
      this.#dialog.hide();
    } else {
      const dialog = connectDialogRows(state.dialog, state, this.#look);
      put(this.#dialog, dialog.rect);
      this.#dialog.setContent(dialog.rows.join('\n'));
      this.#dialog.show();
      this.#dialog.setFront();
    }
    render(this.#terminal);
  }
}
