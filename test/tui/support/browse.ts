/** The browser without a screen: state, effects and an engine at work, driven by keys. */

import type { Path } from '@ferry/protocol';
import { Effects } from '@ferry/tui/effects/run';
import type { Engine } from '@ferry/tui/engine/engine';
import type { Msg } from '@ferry/tui/state/msg';
import { nothingRemembered } from '@ferry/tui/state/remembered';
import { type AppState, initialState } from '@ferry/tui/state/state';
import { update } from '@ferry/tui/state/update';
import { usualKeys } from './drive.ts';

export class Browse {
  state: AppState;
  readonly #effects: Effects;
  readonly #waiting = new Set<() => void>();

  constructor(
    engine: Engine,
    remote: Path,
    local: Path,
    { size = { columns: 80, rows: 24 }, env = {} as NodeJS.ProcessEnv } = {},
  ) {
    const start = { keymap: usualKeys, address: engine.where, remembered: nothingRemembered };
    this.state = initialState({ ...start, size, remote, local });
    this.#effects = new Effects({
      engine,
      post: (msg) => this.post(msg),
      redraw: () => {},
      suspend: () => {},
      copy: () => {},
      remember: () => {},
      quit: () => {},
      env,
      whereOf: (side) => this.state[side].where,
      chooseServer: () => {},
      handOver: (work) => work(),
      write: () => {},
    });
    engine.onEvent((event) => this.post({ kind: 'engine', event }));
    this.post({ kind: 'started' });
  }

  post(msg: Msg): void {
    const [next, cmds] = update(this.state, msg);
    this.state = next;
    for (const cmd of cmds) this.#effects.run(cmd);
    for (const look of [...this.#waiting]) look();
  }

  press(...keys: readonly string[]): void {
    for (const key of keys) {
      const text = [...key].length === 1 ? key : undefined;
      this.post({ kind: 'key', key, text, sinceMs: 5000 });
    }
  }

  until<T>(condition: (state: AppState) => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = condition(this.state);
        if (found === undefined || found === false) return;
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
