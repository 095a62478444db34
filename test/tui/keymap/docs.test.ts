/** The keys that README.md and docs/guide/keys.md tell are those of the browser. UPDATE_GOLDEN=1 rewrites them. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bindings, type Layer } from '@ferry/tui/keymap/keymap';
import { layerTable, presetTable, shortTable, withPart } from '../../support/key-table.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

function kept(name: string, change: (text: string) => string): void {
  const file = join(root, name);
  const text = readFileSync(file, 'utf8');
  const wanted = change(text);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, wanted);
  else assert.ok(text === wanted, `${name} tells of other keys; UPDATE_GOLDEN=1 rewrites it`);
}

test('the README tells the keys of every day', () => {
  kept('README.md', (text) =>
    withPart(
      text,
      'keys',
      shortTable([
        'open',
        'parent',
        'switch',
        'mark',
        'copy',
        'mkdir',
        'rename',
        'delete',
        'hidden',
        'queue',
        'help',
        'quit',
      ]),
    ),
  );
});

test('the guide tells all keys and presets', () => {
  kept('docs/guide/keys.md', (text) => {
    let next = text;
    for (const layer of Object.keys(bindings) as Layer[]) next = withPart(next, layer, layerTable(layer));
    for (const preset of ['vim', 'termscp', 'desktop'] as const)
      next = withPart(next, `preset ${preset}`, presetTable(preset));
    return next;
  });
});
