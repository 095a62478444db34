import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { limits } from '@ferry/protocol';

test('docs/LIMITS.md says what limits.ts says', () => {
  const page = readFileSync(new URL('../../docs/LIMITS.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \| ([\d,]+) \| .+ \|$/gm)];
  const published = Object.fromEntries(
    rows.map(([, name, value]) => [name, Number(value?.replaceAll(',', ''))]),
  );
  assert.deepEqual(published, { ...limits });
});
