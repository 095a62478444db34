/** The world's clock in the place of Node's: put there by hooks.ts, for everything that runs in a simulation. */

import { hasWorld, type Timer, world } from '../world.ts';

/** As much of a Node timer as programs use. */
class Handle {
  readonly timer: Timer;

  constructor(timer: Timer) {
    this.timer = timer;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

type Call = (...args: unknown[]) => void;

const clear = (handle: unknown): void => {
  if (handle instanceof Handle) handle.timer.isOff = true;
};

/** Node's own are of no more use in this process. */
export function takeOverClock(): void {
  const realMicrotask = queueMicrotask;
  const model = {
    queueMicrotask: (call: () => void) => {
      const { current } = world();
      realMicrotask(() => {
        try {
          call();
        } catch (error) {
          if (current.isAlive) world().fail(error);
        }
      });
    },
    setTimeout: (call: Call, ms = 0, ...args: unknown[]) =>
      new Handle(world().timer(() => call(...args), ms)),
    setInterval: (call: Call, ms = 0, ...args: unknown[]) =>
      new Handle(world().timer(() => call(...args), ms, { every: true })),
    setImmediate: (call: Call, ...args: unknown[]) => new Handle(world().timer(() => call(...args), 0)),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  };
  Object.assign(globalThis, model);
  const { now: realDate } = Date;
  const realNow = performance.now.bind(performance);
  Date.now = () => (hasWorld() ? Math.floor(world().nowMs) : realDate());
  performance.now = () => (hasWorld() ? world().nowMs - 1_600_000_000_000 : realNow());
}
