/** The key-to-screen meter (test/tools/keylag.py) as a typed call. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './measure.ts';

const tool = join(dirname(fileURLToPath(import.meta.url)), '../tools/keylag.py');

type Latency = { p50: number; p99: number; max: number };
export type Keylag = {
  start_ms: number;
  /** Seconds of processor until it was ready. */
  cpu_at_ready_s: { first_thread: number; all: number };
  /** The program's own, not that of what it started. */
  peak_mib: number;
  /** In the seconds of `watch`. */
  cpu_percent?: { first_thread: number; all: number };
  keys: Record<
    string,
    { answered: number; silent: number; first_ms: Latency; last_ms: Latency; bytes_p50: number }
  >;
};

export async function keylag(
  command: readonly string[],
  opts: { ready: string; keys: string; env?: NodeJS.ProcessEnv; quit?: string; watch?: number },
): Promise<Keylag> {
  const { output } = await must(
    'python3',
    [
      tool,
      '--ready-text',
      opts.ready,
      '--keys',
      opts.keys,
      '--quit',
      opts.quit ?? '',
      '--watch',
      String(opts.watch ?? 0),
      '--',
      ...command,
    ],
    opts.env,
  );
  return JSON.parse(output.slice(output.indexOf('{'))) as Keylag;
}
