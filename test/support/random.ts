/** One seed per run of the tests, printed by those that use it; FERRY_SEED repeats a run, FERRY_SOAK lengthens it. */

export const seed = Number(process.env['FERRY_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** How many rounds: a hundred times as many in a soak. */
export function runs(count: number): number {
  return process.env['FERRY_SOAK'] === '1' ? count * 100 : count;
}
