/** The browser without a screen: state, effects and an engine at work, driven by keys. */

import type { Path } from '@ferry/protocol';
import { Effects } from '@ferry/tui/effects/run';
import type { Engine } from '@ferry/tui/engine/engine';
import { layerOf, lookUp } from '@ferry/tui/keymap/keymap';
import type { Msg } from '@ferry/tui/state/msg';
import { type AppState, initialState } from '@ferry/tui/state/state';
import { update } from '@ferry/tui/state/update';

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
    this.state = initialState(size, 'server', remote, local);
    this.#effects = new Effects({
      engine,
      post: (msg) => this.post(msg),
      quit: () => {},
      env,
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
      const layer = layerOf(this.state);
      const binding = lookUp(layer, key);
      if (binding !== undefined) this.post({ kind: 'action', action: binding.action });
      else if (layer === 'prompt') this.post({ kind: 'typed', text: key });
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
