/**
 * One seed per run of the tests, printed by those that use it; FERRY_SEED repeats a run, FERRY_SOAK lengthens it, FERRY_BRIEF
 * shortens it. FERRY_TIMES says how many times as long a soak is, where there is no time for a hundred.
 */

export const seed = Number(process.env['FERRY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const times = Number(process.env['FERRY_TIMES'] ?? 100);

/** How many rounds: a hundred times as many in a soak, a tenth where only the runtime is another one. */
export function runs(count: number): number {
  if (process.env['FERRY_SOAK'] === '1') return Math.ceil(count * times);
  return process.env['FERRY_BRIEF'] === '1' ? Math.ceil(count / 10) : count;
}

/** Whole numbers from 0 up to below the argument, the same ones for the same seed (mulberry32). */
export function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
