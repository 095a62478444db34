/** In the place of node:timers/promises, for programs in a simulation. */

import { world } from '../world.ts';

type Wait = { readonly signal?: AbortSignal };

function after<T>(ms: number, value: T, { signal }: Wait = {}): Promise<T> {
  const abortError = (): Error =>
    Object.assign(new Error('The operation was aborted', { cause: signal?.reason }), {
      name: 'AbortError',
      code: 'ABORT_ERR',
    });
  if (signal?.aborted === true) return Promise.reject(abortError());
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      timer.isOff = true;
      reject(abortError());
    };
    const timer = world().timer(() => {
      signal?.removeEventListener('abort', cancel);
      resolve(value);
    }, ms);
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

const later = <T>(ms = 1, value?: T, opts?: Wait): Promise<T | undefined> => after(ms, value, opts);
const soon = <T>(value?: T, opts?: Wait): Promise<T | undefined> => after(0, value, opts);

export { later as setTimeout, soon as setImmediate };
