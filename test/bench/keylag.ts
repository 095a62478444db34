/** The key-to-screen meter (test/tools/keylag.py) as a typed call. */

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { must } from './measure.ts';

const tool = join(dirname(fileURLToPath(import.meta.url)), '../tools/keylag.py');

type Latency = { p50: number; p99: number; max: number };
export type Keylag = {
  start_ms: number;
  keys: Record<
    string,
    { answered: number; silent: number; first_ms: Latency; last_ms: Latency; bytes_p50: number }
  >;
};

export async function keylag(
  command: readonly string[],
  opts: { ready: string; keys: string; env?: NodeJS.ProcessEnv; quit?: string },
): Promise<Keylag> {
  const { output } = await must(
    'python3',
    [tool, '--ready-text', opts.ready, '--keys', opts.keys, '--quit', opts.quit ?? '', '--', ...command],
    opts.env,
  );
  return JSON.parse(output.slice(output.indexOf('{'))) as Keylag;
}
