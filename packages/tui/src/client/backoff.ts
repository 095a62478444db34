/**
 * How long to wait before the next attempt to connect. Pure.
 */

const firstMs = 500;
const longestMs = 30_000;

/**
 * Doubles from half a second to half a minute; `random` (0…1) spreads many clients of one server over the second half of
 * each wait.
 */
export function retryDelay(attempt: number, random: number): number {
  const fullMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 16));
  return Math.round(fullMs * (0.5 + random / 2));
}
