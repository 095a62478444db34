/** What systemd would start by deploy/ferryd@.service, so that the servers of the rounds are started by it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const unit = readFileSync(fileURLToPath(import.meta.resolve('../../deploy/ferryd@.service')), 'utf8');

/** @param set what /etc/ferryd/NAME.env would have. @returns the options of its command, what it shares and where it listens apart */
export function unitCommand(set: Readonly<Record<string, string>>): {
  readonly dir: string;
  readonly listen: string;
  readonly args: readonly string[];
} {
  const own = linesOf('Environment').flatMap((line) => line.split(' ').map((one) => one.split('=', 2)));
  const known = new Map<string, string>([...(own as [string, string][]), ...Object.entries(set)]);
  const setTo = (name: string): string => {
    const value = known.get(name);
    assert.ok(value !== undefined, `the unit wants ${name}`);
    return value;
  };
  const [line] = linesOf('ExecStart');
  assert.ok(line);
  const [program, ...words] = line.split(' ').flatMap((word) => {
    // `$NAME` as a word of its own becomes as many words as it has; `${NAME}` one.
    const bare = /^\$([A-Z_0-9]+)$/.exec(word)?.[1];
    if (bare !== undefined) return (known.get(bare) ?? '').split(' ').filter((one) => one !== '');
    return [word.replaceAll(/\$\{([A-Z_0-9]+)\}/g, (_, name: string) => setTo(name))];
  });
  assert.equal(program, '/usr/bin/ferryd');
  const at = words.indexOf('--listen');
  const [dir, listen] = [words[0], words[at + 1]];
  assert.ok(dir !== undefined && at > 0 && listen !== undefined);
  return { dir, listen, args: words.filter((_, i) => i > 0 && i !== at && i !== at + 1) };
}

function linesOf(key: string): readonly string[] {
  return unit
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}
